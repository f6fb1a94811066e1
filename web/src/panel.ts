// One network on the stage: its name, its two canvases, and dragging.
import { type Face, face, latentFields, type Network } from './api';
import { ExactView } from './exact_view';
import { MeshView } from './mesh_view';
import { persistently } from './retry';
import type { State } from './state';

export interface Drag { dx: number; dy: number; light: boolean; panel: Panel }

export class Panel {
  readonly element = document.createElement('figure');
  private readonly exact: ExactView;
  private readonly mesh: MeshView;
  private readonly note = document.createElement('p');
  private readonly drawn = document.createElement('span');
  private prediction: { key: string; abort: AbortController; face: Promise<Face> } | null = null;
  private pointers = new Map<number, { x: number; y: number }>();

  constructor(readonly network: Network, depthColors: string, onDrag: (drag: Drag) => void) {
    const report = (error: string | null) => { this.say(error ?? ''); this.describe(); };
    this.exact = new ExactView(network, report);
    this.mesh = new MeshView(network, depthColors, (state) => this.face(state), report);
    const frame = document.createElement('div');
    frame.className = 'frame';
    for (const [canvas, name] of [[this.exact.canvas, 'exact'], [this.mesh.canvas, 'mesh']] as const) {
      canvas.classList.add(name);
      canvas.tabIndex = 0;
      canvas.setAttribute('role', 'img');
      frame.append(canvas);
    }
    const caption = document.createElement('figcaption'), name = document.createElement('b');
    name.textContent = network.name;
    caption.append(name, this.drawn);
    this.note.className = 'note';
    this.note.setAttribute('role', 'alert');
    frame.append(this.note);
    this.element.append(frame, caption);
    this.followPointers(frame, onDrag);
  }

  show(state: State): void {
    const mesh = this.showsMesh(state);
    this.exact.canvas.hidden = mesh;
    this.mesh.canvas.hidden = !mesh;
    const label = `${this.network.name}: ${state.code === null ? `seed ${state.seed}` : 'the photograph'}, ${state.what}` +
      (state.view ? `, yaw ${Math.round(state.view.yaw)}, pitch ${Math.round(state.view.pitch)} degrees` : '');
    (mesh ? this.mesh : this.exact).canvas.setAttribute('aria-label', label);
    (mesh ? this.exact : this.mesh).stop();
    (mesh ? this.mesh : this.exact).show(state);
    this.describe();
  }

  /** What this network predicts for a state's face; asked for until it is there, or another face's is asked for. */
  face(state: State): Promise<Face> {
    const fields = latentFields(state, this.network), key = JSON.stringify(fields);
    if (this.prediction?.key !== key) {
      this.prediction?.abort.abort();
      const abort = new AbortController();
      const found = persistently(() => face(fields, abort.signal), abort.signal, () => {});
      found.catch(() => { if (this.prediction?.abort === abort) this.prediction = null; });
      this.prediction = { key, abort, face: found };
    }
    return this.prediction.face;
  }

  framesPerSecond(): number { return this.exact.framesPerSecond(); }

  /** A state's picture as this panel shows it, complete. */
  async picture(state: State): Promise<HTMLCanvasElement | ImageBitmap> {
    return this.showsMesh(state) ? this.mesh.picture(state) : this.exact.picture(state);
  }

  stop(): void {
    this.exact.stop();
    this.mesh.stop();
    this.say('');
  }

  private showsMesh(state: State): boolean {
    return state.mode === 'mesh' && this.network.lifted && state.what !== 'teacher';
  }

  /** Only a new sentence is set, so that it is not read out again and again. */
  private say(text: string): void {
    if (this.note.textContent !== text) this.note.textContent = text;
  }

  /** The caption: the network's own pixels, and those that are drawn. */
  private describe(): void {
    const parts = [`${this.network.size}²`], { canvas } = this.exact;
    if (!this.network.lifted) parts.push('2D');
    if (canvas.hidden) {
      const { triangles } = this.mesh.canvas.dataset;
      if (triangles) parts.push(`mesh of ${Number(triangles).toLocaleString('en')} triangles`);
    } else if (canvas.width !== this.network.size) {
      parts.push(`drawn at ${canvas.width}²`);
    }
    this.drawn.textContent = parts.join(' · ');
  }

  private followPointers(frame: HTMLElement, onDrag: (drag: Drag) => void): void {
    frame.addEventListener('pointerdown', (event) => {
      if (event.button !== 0 && event.pointerType === 'mouse') return;
      frame.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      frame.classList.add('dragging');
    });
    frame.addEventListener('pointermove', (event) => {
      const last = this.pointers.get(event.pointerId);
      if (!last) return;
      const fingers = this.pointers.size, side = frame.clientWidth || 1;
      onDrag({
        dx: (event.clientX - last.x) / side / fingers, dy: (event.clientY - last.y) / side / fingers,
        light: event.shiftKey || fingers > 1, panel: this,
      });
      this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    });
    const end = (event: PointerEvent) => {
      this.pointers.delete(event.pointerId);
      if (this.pointers.size === 0) frame.classList.remove('dragging');
    };
    frame.addEventListener('pointerup', end);
    frame.addEventListener('pointercancel', end);
  }
}
