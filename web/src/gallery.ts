// A strip of consecutive seeds; pictures are asked for one after the other, so that the stage never waits for long.
import { blob, type Network } from './api';
import { persistently } from './retry';
import { maxSeed } from './state';

const thumbnail = 96, count = 12;
const quietMilliseconds = 250; // without a change, before the pictures are asked for

export class Gallery {
  private first = 0;
  private seed = 0;
  private psi = 0;
  private network: Network | null = null;
  private running = new AbortController();
  private urls: string[] = [];
  private readonly list: HTMLOListElement;

  constructor(root: HTMLElement, private readonly choose: (seed: number) => void) {
    this.list = root.querySelector('ol')!;
    root.querySelector('#gallery-back')!.addEventListener('click', () => this.move(-count));
    root.querySelector('#gallery-on')!.addEventListener('click', () => this.move(count));
  }

  show(seed: number, psi: number, network: Network): void {
    const stale = psi !== this.psi || network !== this.network;
    const outside = seed < this.first || seed >= this.first + count;
    const moved = (seed !== this.seed || this.network === null) && outside;
    Object.assign(this, { seed, psi, network });
    if (moved) this.first = this.bounded(seed - (seed % count));
    if (moved || stale) this.fill();
    this.mark();
  }

  private bounded(first: number): number { return Math.max(0, Math.min(maxSeed - count + 1, first)); }

  private move(by: number): void {
    this.first = this.bounded(this.first + by);
    this.fill();
    this.mark();
  }

  private mark(): void {
    for (const item of this.list.querySelectorAll('button')) {
      item.setAttribute('aria-current', String(Number(item.dataset.seed) === this.seed));
    }
  }

  private fill(): void {
    this.running.abort();
    const { signal } = (this.running = new AbortController());
    for (const url of this.urls.splice(0)) URL.revokeObjectURL(url);
    this.list.replaceChildren(...Array.from({ length: count }, (_, i) => this.item(this.first + i)));
    setTimeout(() => void this.load(signal), quietMilliseconds);
  }

  private item(seed: number): HTMLLIElement {
    const item = document.createElement('li'), button = document.createElement('button');
    button.type = 'button';
    button.dataset.seed = String(seed);
    button.setAttribute('aria-label', `Seed ${seed}`);
    const number = document.createElement('span');
    number.textContent = String(seed);
    button.append(number);
    button.addEventListener('click', () => this.choose(seed));
    item.append(button);
    return item;
  }

  private async load(signal: AbortSignal): Promise<void> {
    for (const button of [...this.list.querySelectorAll('button')]) {
      if (signal.aborted) return;
      const fields = {
        network: this.network!.index, seed: button.dataset.seed!, psi: this.psi, size: thumbnail, format: 'jpeg',
        quality: 88, background: '1b1c1f',
      };
      try {
        const picture = await persistently(() => blob('render', fields, signal), signal, () => {});
        if (signal.aborted) return;
        const image = new Image();
        image.alt = '';
        image.src = URL.createObjectURL(picture);
        this.urls.push(image.src);
        button.prepend(image);
      } catch {
        if (signal.aborted) return;
        button.title = 'no picture'; // The stage says why, once the seed is chosen.
      }
    }
  }
}
