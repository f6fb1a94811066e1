// A photograph on the page: dropped, opened or taken; its face shown by three points that can be dragged; its code.
import { fit, type FacePoints, type Photo, refine, upload } from './api';
import { find } from './controls';
import { sentence } from './retry';
import type { State } from './state';

const largest = 16 << 20; // bytes, as the server takes them
const rounds = 5, stepsOfRound = 20;
const step = 0.005; // of the picture's width, for an arrow key
const names = ['left_eye', 'right_eye', 'mouth'] as const;
const handleOf = (name: (typeof names)[number]) => find(`point-${name}`);

/** Where points stand that nobody has found: a face in the middle. */
const guess = ({ width, height }: Photo): FacePoints => {
  const side = Math.min(width, height);
  const at = (x: number, y: number): [number, number] => [width / 2 + x * side, height / 2 + y * side];
  return { left_eye: at(-0.12, -0.08), right_eye: at(0.12, -0.08), mouth: at(0, 0.18) };
};

export class PhotoPanel {
  private photo: Photo | null = null;
  private points: FacePoints | null = null;
  private picture = '';
  private turn = 0; // of what was begun last: earlier answers are dropped

  /** `show` puts a code on the stage; null: seeds again. */
  constructor(private readonly show: (code: string | null) => void, private readonly saveCodes: () => Promise<void>) {
    for (const id of ['photo-file', 'photo-camera']) {
      const field = find<HTMLInputElement>(id);
      field.addEventListener('change', () => { const [file] = field.files ?? []; field.value = ''; if (file) void this.open(file); });
    }
    const stage = find('stage');
    stage.addEventListener('dragover', (event) => { event.preventDefault(); stage.classList.add('dropping'); });
    stage.addEventListener('dragleave', () => stage.classList.remove('dropping'));
    stage.addEventListener('drop', (event) => {
      event.preventDefault();
      stage.classList.remove('dropping');
      const [file] = event.dataTransfer?.files ?? [];
      if (file) void this.open(file);
    });
    for (const name of names) this.connectHandle(name);
    find('photo-refine').addEventListener('click', () => void this.refine());
    find('photo-codes').addEventListener('click', () => void this.saveCodes().catch((error) => this.say(sentence(error))));
    find('photo-close').addEventListener('click', () => this.close());
  }

  /** What belongs to the photograph is shown while its code is on the stage. */
  showState(state: State): void {
    for (const id of ['photo-refine', 'photo-codes']) find(id).hidden = state.code === null;
    find('photo-close').hidden = this.photo === null;
    find('photo-points').hidden = this.photo === null;
  }

  async open(file: Blob): Promise<void> {
    const turn = ++this.turn;
    if (file.size > largest) return this.say('the picture is larger than 16 MB');
    this.say('looking for the face…');
    try {
      const photo = await upload(file);
      if (turn !== this.turn) return;
      URL.revokeObjectURL(this.picture);
      this.picture = URL.createObjectURL(file);
      find<HTMLImageElement>('photo-picture').src = this.picture;
      this.photo = photo;
      this.points = photo.face ?? guess(photo);
      find('photo-points').hidden = find('photo-close').hidden = false;
      this.place();
      if (photo.face) await this.fit();
      else this.say(photo.why ?? 'put the points on the eyes and the mouth');
    } catch (error) {
      if (turn === this.turn) this.say(sentence(error));
    }
  }

  private close(): void {
    ++this.turn;
    this.photo = this.points = null;
    URL.revokeObjectURL(this.picture);
    this.say('');
    this.show(null);
  }

  private async fit(): Promise<void> {
    if (!this.photo || !this.points) return;
    const turn = ++this.turn;
    try {
      const code = await fit(this.photo.photo, this.points);
      if (turn !== this.turn) return;
      this.code = code.code;
      this.say(`difference ${code.errors[0]!.toFixed(3)}`);
      this.show(code.code);
    } catch (error) {
      if (turn === this.turn) this.say(sentence(error));
    }
  }

  private code = '';

  private async refine(): Promise<void> {
    const turn = ++this.turn, bar = find<HTMLProgressElement>('photo-progress');
    bar.hidden = false;
    try {
      for (let round = 0; round < rounds; ++round) {
        bar.value = round / rounds;
        const code = await refine(this.code, stepsOfRound);
        if (turn !== this.turn) return;
        this.code = code.code;
        this.say(`difference ${code.errors[0]!.toFixed(3)} after ${code.steps} steps`);
        this.show(code.code);
      }
    } catch (error) {
      if (turn === this.turn) this.say(sentence(error));
    } finally {
      if (turn === this.turn) bar.hidden = true;
    }
  }

  private say(text: string): void { find('photo-note').textContent = text; }

  private place(): void {
    if (!this.photo || !this.points) return;
    for (const name of names) {
      const [x, y] = this.points[name], { style } = handleOf(name);
      style.left = `${(100 * x) / this.photo.width}%`;
      style.top = `${(100 * y) / this.photo.height}%`;
    }
  }

  private move(name: (typeof names)[number], x: number, y: number): void {
    if (!this.photo || !this.points) return;
    const { width, height } = this.photo;
    this.points[name] = [Math.min(width, Math.max(0, x)), Math.min(height, Math.max(0, y))];
    this.place();
  }

  private connectHandle(name: (typeof names)[number]): void {
    const handle = handleOf(name);
    handle.addEventListener('pointerdown', (event) => { event.preventDefault(); handle.focus(); handle.setPointerCapture(event.pointerId); });
    handle.addEventListener('pointermove', (event) => {
      if (!handle.hasPointerCapture(event.pointerId) || !this.photo) return;
      const box = find('photo-picture').getBoundingClientRect();
      this.move(name, ((event.clientX - box.left) / box.width) * this.photo.width, ((event.clientY - box.top) / box.height) * this.photo.height);
    });
    handle.addEventListener('pointerup', () => void this.fit());
    handle.addEventListener('keydown', (event) => {
      const [x, y] = ({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] } as Record<string, [number, number]>)[event.key] ?? [0, 0];
      if (!(x || y) || !this.photo || !this.points) return;
      event.preventDefault();
      event.stopPropagation();
      const by = step * this.photo.width, [left, top] = this.points[name];
      this.move(name, left + x * by, top + y * by);
      void this.fit();
    });
  }
}
