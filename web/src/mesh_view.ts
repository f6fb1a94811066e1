// A panel's WebGL canvas: the mesh that would be downloaded, posed and lit here as the model's renderer does.
import {
  Color, DataTexture, DoubleSide, type Mesh, NoColorSpace, PerspectiveCamera, RGBAFormat, Scene, ShaderMaterial,
  type Texture, Vector3, WebGLRenderer, type BufferGeometry, type MeshStandardMaterial, Mesh as ThreeMesh,
} from 'three';
import { GLTFLoader } from 'three/examples/jsm/loaders/GLTFLoader.js';
import { type Face, blob, latentFields, type Network } from './api';
import type { Kind, Light, State, View } from './state';

const degrees = Math.PI / 180;
const pictureHeight = 0.3; // metres at the rotation centre, as the server exports

// The shading model of the paper: (ambient + diffuse·max(0, n·d)) times the albedo, in the picture's own (sRGB) values.
const vertexShader = `
  varying vec2 place; varying vec3 facing; varying float nearness;
  uniform vec2 range;
  void main() {
    place = uv; facing = normal; nearness = (position.z - range.x) / (range.y - range.x);
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
    if (kind == 2) color = texture2D(ramp, vec2(nearness, 0.5)).rgb;
    if (kind == 3) color = vec3(-n.x, n.y, n.z) * 0.5 + 0.5;
    if (kind == 4) color = vec3(0.4 * shade);
    if (kind == 5) color = vec3(0.78 * min(1.0, 0.35 + 0.65 * shade));
    gl_FragColor = vec4(clamp(color, 0.0, 1.0), 1.0);
  }`;
const kindNumber: Record<Kind, number> = { image: 0, albedo: 1, depth: 2, normals: 3, neutral: 4, wire: 5, teacher: 0 };

/** Dark violet over blue and green to yellow, as the server colours depth. */
function depthRamp(): DataTexture {
  const stops = [[38, 16, 62], [50, 62, 130], [32, 116, 140], [50, 166, 110], [160, 205, 70], [245, 228, 80]];
  const data = new Uint8Array(256 * 4);
  for (let i = 0; i < 256; ++i) {
    const at = (i / 255) * (stops.length - 1), k = Math.min(stops.length - 2, Math.floor(at));
    for (let c = 0; c < 3; ++c) data[4 * i + c] = stops[k]![c]! + (stops[k + 1]![c]! - stops[k]![c]!) * (at - k);
    data[4 * i + 3] = 255;
  }
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
  private loaded = '';
  private loading: AbortController | null = null;
  private frame = 0;
  private pose: { view: View; light: Light; what: Kind } | null = null;

  constructor(private readonly network: Network, private readonly report: (error: string | null) => void) {
    const fov = network.fov_degrees ?? 10;
    this.distance = pictureHeight / 2 / Math.tan((fov / 2) * degrees);
    this.camera = new PerspectiveCamera(fov, 1, this.distance / 4, this.distance * 4);
    this.camera.position.z = this.distance;
    this.scene.background = new Color(0x1b1c1f);
    this.material = new ShaderMaterial({
      vertexShader, fragmentShader, side: DoubleSide,
      uniforms: {
        albedo: { value: null }, ramp: { value: depthRamp() }, light: { value: new Vector3(0, 0, 1) },
        ambient: { value: 0.6 }, diffuse: { value: 0.9 }, kind: { value: 0 }, range: { value: [0, 1] },
      },
    });
  }

  show(state: State, face: Face): void {
    this.pose = { view: state.view ?? face.view, light: state.light ?? face.light, what: state.what };
    const key = JSON.stringify(latentFields(state, this.network.index));
    if (key !== this.loaded) void this.load(key, state);
    this.redraw();
  }

  stop(): void {
    this.loading?.abort();
    cancelAnimationFrame(this.frame);
  }

  /** Draws now, so that the canvas can be copied. */
  drawNow(): void {
    this.draw();
  }

  private async load(key: string, state: State): Promise<void> {
    this.loaded = key;
    this.loading?.abort();
    this.loading = new AbortController();
    try {
      const file = await blob('mesh', latentFields(state, this.network.index), this.loading.signal);
      const asset = await new GLTFLoader().parseAsync(await file.arrayBuffer(), '');
      if (key !== this.loaded) return;
      asset.scene.traverse((node) => { if (node instanceof ThreeMesh) this.take(node); });
      this.report(null);
      this.redraw();
    } catch (error) {
      if ((error as Error).name === 'AbortError') return;
      this.loaded = '';
      this.report((error as Error).message);
    }
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
    geometry.computeBoundingBox();
    this.material.uniforms.albedo!.value = map;
    this.material.uniforms.range!.value = [geometry.boundingBox!.min.z, geometry.boundingBox!.max.z];
    if (this.mesh) this.scene.remove(this.mesh);
    this.mesh = new ThreeMesh(geometry, this.material);
    this.scene.add(this.mesh);
    this.canvas.dataset.triangles = String((geometry.index?.count ?? 0) / 3);
  }

  private redraw(): void {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.draw());
  }

  private draw(): void {
    if (!this.pose) return;
    try {
      this.renderer ??= new WebGLRenderer({ canvas: this.canvas, antialias: true, preserveDrawingBuffer: true });
    } catch {
      return this.report('this browser offers no WebGL; use Exact');
    }
    const side = Math.max(1, Math.round((this.canvas.clientWidth || 512) * Math.min(2, devicePixelRatio)));
    if (this.canvas.width !== side) this.renderer.setSize(side, side, false);
    this.place(this.pose.view);
    const { light, what } = this.pose, uniforms = this.material.uniforms;
    uniforms.light!.value.set(Math.tan(light.yaw * degrees), Math.tan(light.pitch * degrees), 1).normalize();
    uniforms.ambient!.value = light.ambient;
    uniforms.diffuse!.value = light.diffuse;
    uniforms.kind!.value = kindNumber[what];
    this.material.wireframe = what === 'wire';
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
