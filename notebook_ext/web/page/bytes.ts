/** Reads numbers and names from a file's bytes; past its end there are zeros. */
export class Bytes {
  private readonly view: DataView;

  constructor(readonly data: Uint8Array) {
    this.view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  }

  /** Return a number of up to 6 bytes, big-endian. */
  uint(at: number, length: number): number {
    let value = 0;
    for (let i = 0; i < length; i++) value = value * 256 + (this.data[at + i] ?? 0);
    return value;
  }

  /** Return a signed number of 32 bits, big-endian. */
  int32(at: number): number {
    return this.uint(at, 4) | 0;
  }

  float(at: number, length: 4 | 8): number {
    if (at + length > this.data.length) return 0;
    return length === 4 ? this.view.getFloat32(at) : this.view.getFloat64(at);
  }

  text(at: number, length: number): string {
    return String.fromCharCode(...this.data.subarray(at, at + length));
  }
}
