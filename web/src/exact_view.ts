// A panel's canvas with the model's own render from the server: one request at a time, always for the newest state.
import { ApiError, blob, type Fields, type Network, pictureFields } from './api';
import type { State } from './state';

const settleMilliseconds = 120;
const background = '1b1c1f';

export class ExactView {
  readonly canvas = document.createElement('canvas');
  private wanted: Fields | null = null;
  private running: AbortController | null = null;
  private runningFace = '';
  private settle = 0;
  private frames: number[] = [];
  private settled: Promise<void> = Promise.resolve();
  private resolveSettled: (() => void) | null = null;

  constructor(private readonly network: Network, private readonly report: (error: string | null) => void) {
    this.canvas.width = this.canvas.height = network.size;
  }

  show(state: State): void {
    if (!this.resolveSettled) this.settled = new Promise((resolve) => { this.resolveSettled = resolve; });
    this.wanted = { ...pictureFields(state, this.network), background };
    // A face nobody waits for any more is given up; a mere turn is let finish, so that dragging shows every frame it can.
    if (this.running && this.runningFace !== this.faceOf(this.wanted)) this.running.abort();
    if (!this.running) void this.pump();
  }

  stop(): void {
    this.wanted = null;
    clearTimeout(this.settle);
    this.running?.abort();
  }

  /** Resolves when the newest state is drawn without loss. */
  whenSettled(): Promise<void> { return this.settled; }

  framesPerSecond(): number {
    const now = performance.now();
    this.frames = this.frames.filter((t) => now - t < 1000);
    return this.frames.length;
  }

  private faceOf(f: Fields): string { return [f.seed, f.psi, f.blend_seed, f.blend, f.mix_seed].join(); }

  private async pump(): Promise<void> {
    clearTimeout(this.settle);
    while (this.wanted) {
      const fields = this.wanted;
      this.wanted = null;
      await this.fetchAndDraw(fields, 'jpeg');
      if (!this.wanted) this.settle = window.setTimeout(() => void this.finish(fields), settleMilliseconds);
    }
  }

  /** The last picture again, as PNG. */
  private async finish(fields: Fields): Promise<void> {
    await this.fetchAndDraw(fields, 'png');
    if (this.wanted) return void this.pump();
    this.resolveSettled?.();
    this.resolveSettled = null;
  }

  private async fetchAndDraw(fields: Fields, format: string): Promise<void> {
    this.running = new AbortController();
    this.runningFace = this.faceOf(fields);
    try {
      const picture = await createImageBitmap(await blob('render', { ...fields, format, quality: 92 }, this.running.signal));
      if (this.canvas.width !== picture.width) this.canvas.width = this.canvas.height = picture.width;
      this.canvas.getContext('2d')!.drawImage(picture, 0, 0);
      picture.close();
      this.frames.push(performance.now());
      this.report(null);
    } catch (error) {
      if ((error as Error).name === 'AbortError') return;
      this.report(error instanceof ApiError ? error.message : 'the server does not answer');
      if (error instanceof ApiError && error.status === 503) await new Promise((resolve) => setTimeout(resolve, 500));
    } finally {
      this.running = null;
    }
  }
}
