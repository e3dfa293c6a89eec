/** Collects rows, a few at a time, and transposes them at the end. */
export class Columns {
  readonly #parts: Float32Array[] = [];
  #rows = 0;

  constructor(private readonly width: number) {}

  add(rows: Float32Array): void {
    this.#parts.push(rows);
    this.#rows += rows.length / this.width;
  }

  /** Return all columns, one after the other; the rows are dropped. */
  joined(): Float32Array<ArrayBuffer> {
    const [count, width] = [this.#rows, this.width];
    const columns = new Float32Array(count * width);
    let first = 0;
    for (const rows of this.#parts.splice(0)) {
      const own = rows.length / width;
      for (let column = 0; column < width; column++) {
        const at = column * count + first;
        for (let t = 0; t < own; t++) columns[at + t] = rows[t * width + column];
      }
      first += own;
    }
    return columns;
  }
}
