// A strip of consecutive seeds; pictures are asked for one after the other, so that the stage never waits for long.
import { blob, type Network } from './api';
import { maxSeed } from './state';

const thumbnail = 96;

export class Gallery {
  private first = 0;
  private count = 12;
  private psi = 0.7;
  private seed = 0;
  private running: AbortController | null = null;
  private urls: string[] = [];
  private readonly list: HTMLOListElement;

  constructor(root: HTMLElement, private readonly network: Network, private readonly choose: (seed: number) => void) {
    this.list = root.querySelector('ol')!;
    root.querySelector('#gallery-back')!.addEventListener('click', () => this.move(-this.count));
    root.querySelector('#gallery-on')!.addEventListener('click', () => this.move(this.count));
  }

  show(seed: number, psi: number): void {
    const stale = psi !== this.psi || this.urls.length === 0;
    const outside = seed !== this.seed && (seed < this.first || seed >= this.first + this.count);
    this.seed = seed;
    this.psi = psi;
    if (outside || this.list.children.length === 0) this.first = Math.max(0, Math.min(seed - (seed % this.count), maxSeed - this.count));
    if (outside || stale) this.fill();
    this.mark();
  }

  private move(by: number): void {
    this.first = Math.max(0, Math.min(maxSeed - this.count, this.first + by));
    this.fill();
    this.mark();
  }

  private mark(): void {
    for (const item of this.list.querySelectorAll('button')) {
      item.setAttribute('aria-current', String(Number(item.dataset.seed) === this.seed));
    }
  }

  private fill(): void {
    this.running?.abort();
    const run = (this.running = new AbortController());
    for (const url of this.urls) URL.revokeObjectURL(url);
    this.urls = [''];
    this.list.replaceChildren(...Array.from({ length: this.count }, (_, i) => this.item(this.first + i)));
    setTimeout(() => void this.load(run.signal), 250);
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
      try {
        const picture = await blob('render', {
          network: this.network.index, seed: button.dataset.seed!, psi: this.psi, size: thumbnail, format: 'jpeg',
          quality: 88, background: '1b1c1f',
        }, signal);
        const image = new Image();
        image.alt = '';
        image.src = URL.createObjectURL(picture);
        this.urls.push(image.src);
        button.prepend(image);
      } catch {
        if (signal.aborted) return;
      }
    }
  }
}
