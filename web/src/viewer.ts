// The page of `liftedgan view`: one state, its controls, and the panels that show it.
import { type Catalogue, catalogue, type Face, latentFields, pictureSize, takeToken } from './api';
import { Controls, find } from './controls';
import { saveCodes, saveGlb, savePng, saveVideo } from './download';
import { Gallery } from './gallery';
import { connectKeys } from './keys';
import { type Drag, Panel } from './panel';
import { PhotoPanel } from './photo';
import { persistently, sentence } from './retry';
import { defaults, fromHash, kinds, type Light, maxSeed, type State, toHash, validated, type View } from './state';
import { askForTokens } from './token';

const dragDegrees = 110; // for the width of a panel
const startView: View = { yaw: 0, pitch: 0, roll: 0 };
const startLight: Light = { yaw: 0, pitch: 0, ambient: 0.6, diffuse: 0.6 };

class Viewer {
  private state: State;
  private predicted: Face | null = null; // by the first lifted network shown: where sliders stand and drags start
  private predictedFor = '';
  private readonly panels: Panel[];
  private readonly gallery: Gallery;
  private readonly controls: Controls;
  private readonly photo: PhotoPanel;
  private seedsPsi = defaults().psi;
  private addressTimer = 0;

  constructor({ networks, depth_colors }: Catalogue) {
    this.state = fromHash(location.hash, networks.length);
    this.panels = networks.map((network) => new Panel(network, depth_colors, (drag) => this.drag(drag)));
    find('stage').append(...this.panels.map((panel) => panel.element));
    this.gallery = new Gallery(find('gallery'), (seed) => this.set({ seed }));
    this.controls = new Controls(networks, {
      set: (change) => this.set(change), view: (change) => this.setView(change), light: (change) => this.setLight(change),
      step: (by) => this.step(by), random: () => this.random(), reset: () => this.set(defaults()),
    });
    this.photo = new PhotoPanel((code) => this.showCode(code), () => saveCodes(this.state, this.shown()));
    this.connectSaving();
    this.connectKeys();
    addEventListener('hashchange', () => { this.state = { ...fromHash(location.hash, networks.length), code: this.state.code }; this.update(); });
    addEventListener('resize', () => this.update());
    setInterval(() => this.showRate(), 500);
    this.update();
  }

  private set(change: Partial<State>): void {
    const leaves = change.seed !== undefined && change.code === undefined && this.state.code !== null;
    const seeds = leaves ? { code: null, psi: this.seedsPsi } : {};
    this.state = validated({ ...this.state, ...seeds, ...change }, this.panels.length);
    this.update();
  }

  /** A photograph's code as it is; null: the seed again. */
  private showCode(code: string | null): void {
    if (this.state.code === null && code !== null) this.seedsPsi = this.state.psi;
    const first = this.state.code === null;
    const psi = code === null ? this.seedsPsi : first ? 1 : this.state.psi;
    this.set({ code, psi, ...(first || code === null ? { view: null, light: null } : {}) });
  }

  private shown(): Panel[] { return this.panels.filter((panel) => !this.state.hidden.includes(panel.network.index)); }

  private update(): void {
    const shown = this.shown();
    find('stage').style.setProperty('--count', String(shown.length));
    for (const panel of this.panels) {
      panel.element.hidden = !shown.includes(panel);
      if (panel.element.hidden) panel.stop();
      else panel.show(this.state);
    }
    this.gallery.show(this.state.seed, this.state.psi, shown[0]!.network);
    this.predict(shown);
    this.showControls();
    this.photo.showState(this.state);
    clearTimeout(this.addressTimer);
    this.addressTimer = window.setTimeout(() => history.replaceState(null, '', '#' + toHash(this.state)), 200);
  }

  private predict(shown: Panel[]): void {
    const panel = shown.find((p) => p.network.lifted);
    const key = panel ? JSON.stringify(latentFields(this.state, panel.network)) : '';
    const needed = !(this.state.view && this.state.light && this.predicted);
    if (!panel || !needed || key === this.predictedFor) return;
    this.predictedFor = key;
    panel.face(this.state).then((face) => {
      if (key !== this.predictedFor) return;
      this.predicted = face;
      this.showControls();
    }, () => { if (key === this.predictedFor) this.predictedFor = ''; });
  }

  private view(): View { return this.state.view ?? this.predicted?.view ?? startView; }
  private light(): Light { return this.state.light ?? this.predicted?.light ?? startLight; }
  private setView(change: Partial<View>): void { this.set({ view: { ...this.view(), ...change } }); }
  private setLight(change: Partial<Light>): void { this.set({ light: { ...this.light(), ...change } }); }

  private drag({ dx, dy, light }: Drag): void {
    const turn = (by: number) => by * dragDegrees;
    if (light) this.setLight({ yaw: this.light().yaw + turn(dx), pitch: this.light().pitch - turn(dy) });
    else this.setView({ yaw: this.view().yaw + turn(dx), pitch: this.view().pitch + turn(dy) });
  }

  private step(by: number): void { this.set({ seed: Math.min(maxSeed, Math.max(0, this.state.seed + by)) }); }
  private random(): void { this.set({ seed: Math.floor(Math.random() * 100000) }); }

  private showControls(): void {
    const largest = Math.max(...this.shown().map(({ network }) => network.size));
    const automatic = pictureSize({ ...this.state, size: null }, this.shown()[0]!.network);
    this.controls.show({
      state: this.state, view: this.view(), light: this.light(), automaticSize: automatic > largest ? automatic : 0,
      networks: this.panels.length,
    });
  }

  private connectKeys(): void {
    const single: Record<string, () => void> = {
      ',': () => this.step(-1), '.': () => this.step(1), r: () => this.random(),
      m: () => this.set({ mode: this.state.mode === 'exact' ? 'mesh' : 'exact' }),
      f: () => this.set({ view: startView }), p: () => this.set({ view: null }),
      s: () => find('save-png').click(),
    };
    kinds.forEach((what, i) => { single[String(i + 1)] = () => this.set({ what }); });
    const move = (x: number, y: number, light: boolean) => light
      ? this.setLight({ yaw: this.light().yaw + 5 * x, pitch: this.light().pitch - 5 * y })
      : this.setView({ yaw: this.view().yaw + 3 * x, pitch: this.view().pitch + 3 * y });
    connectKeys({ move, single }, find<HTMLInputElement>('single-keys'));
  }

  // ---- saving ----

  private connectSaving(): void {
    const connect = (id: string, save: (state: State, panels: Panel[]) => Promise<void>) =>
      find(id).addEventListener('click', () => void this.busy(id, () => save(this.state, this.shown())));
    connect('save-png', savePng);
    connect('save-glb', saveGlb);
    connect('save-mp4', (state, panels) => saveVideo(state, panels, find<HTMLSelectElement>('path').value));
  }

  private async busy(id: string, act: () => Promise<void>): Promise<void> {
    const button = find<HTMLButtonElement>(id), status = find('status'), problem = find('problem');
    button.disabled = true;
    status.textContent = `making ${button.textContent}…`;
    problem.textContent = '';
    try {
      await act();
    } catch (error) {
      problem.textContent = `${button.textContent} not saved: ${sentence(error)}`;
      setTimeout(() => { problem.textContent = ''; }, 8000);
    } finally {
      status.textContent = '';
      button.disabled = false;
    }
  }

  private showRate(): void {
    const rate = Math.max(...this.shown().map((panel) => panel.framesPerSecond()));
    find('rate').textContent = this.state.mode === 'exact' && rate > 2 ? `${rate} frames/s` : '';
  }
}

async function start(): Promise<void> {
  takeToken();
  askForTokens();
  const problem = find('problem');
  try {
    const found = await persistently(catalogue, new AbortController().signal, (why) => { problem.textContent = why; });
    problem.textContent = '';
    new Viewer(found);
  } catch (error) {
    problem.textContent = sentence(error);
  }
}

void start();
