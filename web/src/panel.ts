// One network on the stage: its name, its two canvases, and dragging.
import { type Face, face, latentFields, type Network } from './api';
import { ExactView } from './exact_view';
import { MeshView } from './mesh_view';
import type { State } from './state';

export interface Drag { dx: number; dy: number; light: boolean; panel: Panel }

export class Panel {
  readonly element = document.createElement('figure');
  private readonly exact: ExactView;
  private readonly mesh: MeshView;
  private readonly note = document.createElement('p');
  private predicted: { key: string; face: Promise<Face> } | null = null;
  private pointers = new Map<number, { x: number; y: number }>();

  constructor(readonly network: Network, onDrag: (drag: Drag) => void) {
    const report = (error: string | null) => { this.note.textContent = error ?? ''; this.note.hidden = error === null; };
    this.exact = new ExactView(network, report);
    this.mesh = new MeshView(network, report);
    const frame = document.createElement('div');
    frame.className = 'frame';
    for (const [canvas, name] of [[this.exact.canvas, 'exact'], [this.mesh.canvas, 'mesh']] as const) {
      canvas.className = name;
      canvas.tabIndex = 0;
      canvas.setAttribute('role', 'img');
      frame.append(canvas);
    }
    const caption = document.createElement('figcaption');
    const size = document.createElement('span');
    caption.textContent = network.name;
    size.textContent = `${network.size}²${network.lifted ? '' : ' · 2D'}`;
    caption.append(size);
    this.note.className = 'note';
    this.note.hidden = true;
    frame.append(this.note);
    this.element.append(frame, caption);
    this.followPointers(frame, onDrag);
  }

  show(state: State): void {
    const mesh = state.mode === 'mesh' && this.network.lifted && state.what !== 'teacher';
    this.exact.canvas.hidden = mesh;
    this.mesh.canvas.hidden = !mesh;
    const label = `${this.network.name}: seed ${state.seed}, ${state.what}` +
      (state.view ? `, yaw ${Math.round(state.view.yaw)}, pitch ${Math.round(state.view.pitch)} degrees` : '');
    (mesh ? this.mesh : this.exact).canvas.setAttribute('aria-label', label);
    if (!mesh) {
      this.mesh.stop();
      this.exact.show(state);
      return;
    }
    this.exact.stop();
    void this.face(state).then((found) => { if (!this.mesh.canvas.hidden) this.mesh.show(state, found); }, () => {
      this.note.textContent = 'the server does not answer';
      this.note.hidden = false;
    });
  }

  /** What this network predicts for the face on screen. */
  face(state: State): Promise<Face> {
    const fields = latentFields(state, this.network.index), key = JSON.stringify(fields);
    if (this.predicted?.key !== key) {
      const found = face(fields);
      found.catch(() => { if (this.predicted?.key === key) this.predicted = null; });
      this.predicted = { key, face: found };
    }
    return this.predicted.face;
  }

  framesPerSecond(): number { return this.exact.framesPerSecond(); }

  /** The canvas on screen, complete. */
  async picture(): Promise<HTMLCanvasElement> {
    if (!this.mesh.canvas.hidden) {
      this.mesh.drawNow();
      return this.mesh.canvas;
    }
    await this.exact.whenSettled();
    return this.exact.canvas;
  }

  stop(): void {
    this.exact.stop();
    this.mesh.stop();
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
