// A panel's canvas with the model's own render from the server: one request at a time, always for the newest state.
import { blob, type Fields, type Network, pictureFields } from './api';
import { persistently, sentence } from './retry';
import type { State } from './state';

const settleMilliseconds = 120;
const background = '1b1c1f';

/** What may be seen under a state's name while its own picture is on its way: the same face, otherwise turned or lit. */
const nameOf = (f: Fields) => [f.seed, f.code, f.psi, f.blend_seed, f.blend, f.mix_seed, f.what].join();

export class ExactView {
  readonly canvas = document.createElement('canvas');
  private wanted: { fields: Fields; format: 'jpeg' | 'png' } | null = null;
  private running: AbortController | null = null;
  private runningName = '';
  private failing = false;
  private pumping = false;
  private settle = 0;
  private name = ''; // of what should be seen
  private drawn = ''; // of what is seen
  private frames: number[] = [];

  constructor(private readonly network: Network, private readonly report: (error: string | null) => void) {
    this.canvas.width = this.canvas.height = network.size;
  }

  show(state: State): void {
    const fields = this.fieldsOf(state);
    clearTimeout(this.settle);
    this.wanted = { fields, format: 'jpeg' };
    this.name = nameOf(fields);
    this.mark();
    this.busy(true);
    // A face nobody waits for any more is given up; a mere turn is let finish, so that dragging shows every frame it can.
    if (this.running && (this.failing || this.runningName !== this.name)) this.running.abort();
    void this.pump();
  }

  stop(): void {
    clearTimeout(this.settle);
    this.wanted = null;
    this.running?.abort();
    this.busy(false);
  }

  /** The state's picture without loss, whatever is on screen. */
  async picture(state: State): Promise<ImageBitmap> {
    return createImageBitmap(await blob('render', { ...this.fieldsOf(state), format: 'png' }));
  }

  framesPerSecond(): number {
    const now = performance.now();
    this.frames = this.frames.filter((t) => now - t < 1000);
    return this.frames.length;
  }

  private fieldsOf(state: State): Fields { return { ...pictureFields(state, this.network), background }; }

  /** Until the newest state is drawn without loss. */
  private busy(yes: boolean): void { this.canvas.setAttribute('aria-busy', String(yes)); }

  private mark(): void { this.canvas.classList.toggle('stale', this.drawn !== this.name); }

  private async pump(): Promise<void> {
    if (this.pumping) return;
    this.pumping = true;
    while (this.wanted) {
      const { fields, format } = this.wanted;
      this.wanted = null;
      const drawn = await this.fetchAndDraw(fields, format);
      if (!this.wanted && (!drawn || format === 'png')) this.busy(false);
      // The last picture again, as PNG.
      if (drawn && format === 'jpeg' && !this.wanted) {
        this.settle = window.setTimeout(() => { this.wanted = { fields, format: 'png' }; void this.pump(); }, settleMilliseconds);
      }
    }
    this.pumping = false;
  }

  private async fetchAndDraw(fields: Fields, format: string): Promise<boolean> {
    const { signal } = (this.running = new AbortController());
    this.runningName = nameOf(fields);
    try {
      const picture = await persistently(
        async () => createImageBitmap(await blob('render', { ...fields, format, quality: 92 }, signal)), signal,
        (why) => { this.failing = true; this.report(why); });
      if (signal.aborted) return false;
      this.draw(picture, fields);
      this.report(null);
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      this.clear();
      this.report(sentence(error));
      return false;
    } finally {
      this.failing = false;
      this.running = null;
    }
  }

  private draw(picture: ImageBitmap, fields: Fields): void {
    if (this.canvas.width !== picture.width) this.canvas.width = this.canvas.height = picture.width;
    this.canvas.getContext('2d')!.drawImage(picture, 0, 0);
    picture.close();
    this.drawn = nameOf(fields);
    this.canvas.dataset.seed = String(fields.seed ?? 'photo');
    this.frames.push(performance.now());
    this.mark();
  }

  private clear(): void {
    this.canvas.getContext('2d')!.clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.drawn = '';
    delete this.canvas.dataset.seed;
    this.mark();
  }
}
