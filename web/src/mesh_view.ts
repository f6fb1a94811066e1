// A panel's WebGL canvas: the mesh that would be downloaded, posed and lit here as the model's renderer does.
import {
  Color, DataTexture, DoubleSide, type Mesh, NoColorSpace, PerspectiveCamera, RGBAFormat, Scene, ShaderMaterial,
  type Texture, Vector3, WebGLRenderer, type BufferGeometry, type MeshStandardMaterial, Mesh as ThreeMesh,
} from 'three';
import { GLTFLoader } from 'three/examples/jsm/loaders/GLTFLoader.js';
import { type Face, blob, latentFields, type Network } from './api';
import { persistently, sentence } from './retry';
import type { Kind, State, View } from './state';

const degrees = Math.PI / 180;
const pictureHeight = 0.3; // metres at the rotation centre, as the server exports
const pollMilliseconds = 50;

// The shading model of the paper: (ambient + diffuse·max(0, n·d)) times the albedo, in the picture's own (sRGB) values.
const vertexShader = `
  varying vec2 place; varying vec3 facing; varying float nearness;
  uniform vec2 range;
  void main() {
    place = uv; facing = normal;
    nearness = clamp(((modelMatrix * vec4(position, 1.0)).z - range.x) / (range.y - range.x), 0.0, 1.0);
    gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0);
  }`;
const fragmentShader = `
  varying vec2 place; varying vec3 facing; varying float nearness;
  uniform sampler2D albedo, ramp; uniform vec3 light; uniform float ambient, diffuse; uniform int kind;
  void main() {
    vec3 n = normalize(facing);
    float shade = ambient + diffuse * max(0.0, dot(n, light));
    vec3 color = texture2D(albedo, place).rgb * shade;
    if (kind == 1) color = texture2D(albedo, place).rgb;
    if (kind == 2) color = texture2D(ramp, vec2((floor(255.0 * nearness + 0.5) + 0.5) / 256.0, 0.5)).rgb;
    if (kind == 3) color = vec3(-n.x, n.y, n.z) * 0.5 + 0.5;
    if (kind == 4) color = vec3(0.4 * shade);
    if (kind == 5) color = vec3(0.78 * min(1.0, 0.35 + 0.65 * shade));
    gl_FragColor = vec4(clamp(color, 0.0, 1.0), 1.0);
  }`;
const kindNumber: Record<Kind, number> = { image: 0, albedo: 1, depth: 2, normals: 3, neutral: 4, wire: 5, teacher: 0 };

/** The server's colours of depth, 256 times rrggbb, darkest first. */
function rampOf(colors: string): DataTexture {
  const data = new Uint8Array(256 * 4).fill(255);
  for (let i = 0; i < 256; ++i)
    for (let c = 0; c < 3; ++c) data[4 * i + c] = parseInt(colors.slice(6 * i + 2 * c, 6 * i + 2 * c + 2), 16);
  const texture = new DataTexture(data, 256, 1, RGBAFormat);
  texture.needsUpdate = true;
  return texture;
}

export class MeshView {
  readonly canvas = document.createElement('canvas');
  private renderer: WebGLRenderer | null = null;
  private readonly scene = new Scene();
  private readonly camera: PerspectiveCamera;
  private readonly distance: number;
  private readonly material: ShaderMaterial;
  private mesh: Mesh | null = null;
  private face: Face | null = null; // of the mesh
  private shown = ''; // the key of what is in the scene
  private wanted = ''; // of what should be
  private loading: { key: string; abort: AbortController } | null = null;
  private failure: { key: string; why: string; final: boolean } | null = null;
  private frame = 0;
  private state: State | null = null;

  constructor(
    private readonly network: Network, colors: string, private readonly predict: (state: State) => Promise<Face>,
    private readonly report: (error: string | null) => void,
  ) {
    const fov = network.fov_degrees ?? 10;
    this.distance = pictureHeight / 2 / Math.tan((fov / 2) * degrees);
    this.camera = new PerspectiveCamera(fov, 1, this.distance / 4, this.distance * 4);
    this.camera.position.z = this.distance;
    this.scene.background = new Color(0x1b1c1f);
    this.material = new ShaderMaterial({
      vertexShader, fragmentShader, side: DoubleSide,
      uniforms: {
        albedo: { value: null }, ramp: { value: rampOf(colors) }, light: { value: new Vector3(0, 0, 1) },
        ambient: { value: 0.6 }, diffuse: { value: 0.9 }, kind: { value: 0 }, range: { value: [0, 1] },
      },
    });
  }

  show(state: State): void {
    this.state = state;
    this.wanted = this.keyOf(state);
    this.mark();
    if (this.loading && this.loading.key !== this.wanted) this.stopLoading();
    const failed = this.failure?.key === this.wanted && this.failure.final;
    if (failed) this.report(this.failure!.why);
    else if (this.shown === this.wanted) this.report(null);
    else if (!this.loading) void this.load(this.wanted, state);
    this.redraw();
  }

  stop(): void {
    this.stopLoading();
    cancelAnimationFrame(this.frame);
  }

  /** The state's picture, complete; waits for its mesh if that is on its way. */
  async picture(state: State): Promise<HTMLCanvasElement> {
    const key = this.keyOf(state);
    while (this.shown !== key) {
      if (this.failure?.key === key) throw new Error(this.failure.why);
      if (this.loading?.key !== key) throw new Error('the face has changed meanwhile');
      await new Promise((resolve) => setTimeout(resolve, pollMilliseconds));
    }
    this.draw(state);
    const copy = document.createElement('canvas');
    copy.width = copy.height = this.canvas.width;
    copy.getContext('2d')!.drawImage(this.canvas, 0, 0);
    this.redraw();
    return copy;
  }

  private keyOf(state: State): string { return JSON.stringify(latentFields(state, this.network)); }

  private mark(): void {
    this.canvas.classList.toggle('stale', this.shown !== this.wanted);
    this.canvas.setAttribute('aria-busy', String(this.loading !== null));
  }

  private stopLoading(): void {
    this.loading?.abort.abort();
    this.loading = null;
    this.mark();
  }

  private async load(key: string, state: State): Promise<void> {
    const run = (this.loading = { key, abort: new AbortController() }), { signal } = run.abort;
    this.failure = null;
    this.mark();
    const failed = (why: string, final: boolean) => {
      if (this.loading !== run) return;
      this.failure = { key, why, final };
      this.report(why);
    };
    try {
      const [asset, face] = await Promise.all([
        persistently(async () => {
          const file = await blob('mesh', latentFields(state, this.network), signal);
          return new GLTFLoader().parseAsync(await file.arrayBuffer(), '');
        }, signal, (why) => failed(why, false)),
        this.predict(state),
      ]);
      if (this.loading !== run) return;
      asset.scene.traverse((node) => { if (node instanceof ThreeMesh) this.take(node); });
      this.face = face;
      this.shown = key;
      this.failure = null;
      this.canvas.dataset.seed = String(state.seed);
      this.report(null);
    } catch (error) {
      if (this.loading !== run) return;
      this.clear();
      failed(sentence(error), true);
    }
    this.loading = null;
    this.mark();
    this.redraw();
  }

  private clear(): void {
    if (this.mesh) this.scene.remove(this.mesh);
    this.mesh = null;
    this.shown = '';
    delete this.canvas.dataset.seed;
    delete this.canvas.dataset.triangles;
  }

  private take(node: Mesh): void {
    this.mesh?.geometry.dispose();
    (this.material.uniforms.albedo!.value as Texture | null)?.dispose();
    const geometry = node.geometry as BufferGeometry;
    const map = (node.material as MeshStandardMaterial).map;
    if (map) {
      map.colorSpace = NoColorSpace; // The shader works in the picture's values.
      map.needsUpdate = true;
    }
    this.material.uniforms.albedo!.value = map;
    if (this.mesh) this.scene.remove(this.mesh);
    this.mesh = new ThreeMesh(geometry, this.material);
    this.scene.add(this.mesh);
    this.canvas.dataset.triangles = String((geometry.index?.count ?? 0) / 3);
  }

  private redraw(): void {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => { if (this.state) this.draw(this.state); });
  }

  private draw(state: State): void {
    if (!this.face) return; // There has been no mesh yet.
    try {
      this.renderer ??= new WebGLRenderer({ canvas: this.canvas, antialias: true, preserveDrawingBuffer: true });
    } catch {
      return this.report('this browser offers no WebGL; use Exact');
    }
    const side = Math.max(1, Math.round((this.canvas.clientWidth || 512) * Math.min(2, devicePixelRatio)));
    if (this.canvas.width !== side) this.renderer.setSize(side, side, false);
    this.place(state.view ?? this.face.view);
    const light = state.light ?? this.face.light, uniforms = this.material.uniforms;
    uniforms.light!.value.set(Math.tan(light.yaw * degrees), Math.tan(light.pitch * degrees), 1).normalize();
    uniforms.ambient!.value = light.ambient;
    uniforms.diffuse!.value = light.diffuse;
    uniforms.range!.value = [this.face.depth.far, this.face.depth.near];
    uniforms.kind!.value = kindNumber[state.what];
    this.material.wireframe = state.what === 'wire';
    this.renderer.render(this.scene, this.camera);
  }

  /** As scene/view.h turns a head: Rz·Ry·Rx about the centre, with the small shift that keeps a turned head in the picture. */
  private place(view: View): void {
    if (!this.mesh) return;
    this.mesh.rotation.set(view.pitch * degrees, view.yaw * degrees, -view.roll * degrees, 'ZYX');
    const x = -0.1 * Math.sin(view.yaw / 60), y = -0.2 * Math.sin(view.pitch / 60);
    this.mesh.position.set(0.1 * x * this.distance, -0.1 * y * this.distance, 0);
  }
}
