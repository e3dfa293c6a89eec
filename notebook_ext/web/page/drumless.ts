/** Makes the song without its drums, in a worker, so that they can be turned down. */

import type { Drumless } from "../../src/sound/audio-chunks";
import { HEAD_BYTES, waveFile } from "../engine/pieces";
import type { Reply, Request } from "../separation/messages";
import type { Hit } from "../separation/separator";
import { separationParts } from "./embedded";
import type { Pieces } from "./song-chunks";

const ABANDONED = "the song was closed, or its hits have changed";

export class DrumlessMaker {
  #worker: Worker | null = null;
  #stop: (reason: Error) => void = () => undefined;
  /** Number of the current request, and of the version that it makes. */
  #turn = 0;

  /** Take the drums out at these hits; an earlier request is abandoned. */
  async make(
    pieces: Pieces,
    hits: readonly Hit[],
    report: (progress: number) => void,
  ): Promise<Drumless> {
    this.close();
    const made = this.#turn;
    const { script, general } = await separationParts();
    if (made !== this.#turn) throw new Error(ABANDONED);
    const { chunk, samples, channels } = pieces.info;
    const blobs = await this.#run(script, report, {
      pieces: pieces.blobs.map((blob) => blob.slice(HEAD_BYTES)),
      ...{ chunk, samples, channels, general },
      hits: hits.map(({ time, drum }) => ({ time, drum })),
    });
    return { audio: pieces.info, made, chunk: (index) => blobs[index].arrayBuffer() };
  }

  #run(script: string, report: (progress: number) => void, request: Request): Promise<Blob[]> {
    const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
    const worker = new Worker(address);
    URL.revokeObjectURL(address);
    this.#worker = worker;
    const blobs: Blob[] = [];
    const made = new Promise<Blob[]>((resolve, reject) => {
      this.#stop = reject;
      worker.onmessage = ({ data }: MessageEvent<Reply>) => {
        if (data.kind === "progress") report(data.progress);
        else if (data.kind === "piece") blobs.push(waveFile(data.samples, request.channels));
        else if (data.kind === "done") resolve(blobs);
        else reject(new Error(data.reason));
      };
      worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(event.message || "the worker could not be started"));
      };
    });
    worker.postMessage(request);
    return made.finally(() => worker.terminate());
  }

  close(): void {
    this.#turn++;
    this.#worker?.terminate();
    this.#worker = null;
    this.#stop(new Error(ABANDONED));
  }
}
