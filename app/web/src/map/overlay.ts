/** A canvas over the whole view (with a margin), that moves and scales with the map and is drawn again when it rests. */
import L from "leaflet";
import { pixelRatio } from "./tilegrid";

/** Where things are on the overlay: world px at `zoom` minus `origin` are canvas CSS px. */
export interface OverlayFrame {
  readonly ctx: CanvasRenderingContext2D;
  readonly zoom: number;
  readonly originX: number;
  readonly originY: number;
  readonly width: number;
  readonly height: number;
  /** how much larger than at a desk symbols and names are: a wall is read at four metres */
  readonly scale: number;
}

/** What is used of L.Renderer beyond its types. */
interface RendererParts {
  _container?: HTMLCanvasElement;
  _bounds?: L.Bounds;
  _map: L.Map;
}

const proto = L.Renderer.prototype as unknown as { _update: (this: L.Renderer) => void };

export class CanvasOverlay extends L.Renderer {
  /** Draws everything; set by whoever owns the overlay. */
  paint: (frame: OverlayFrame) => void = () => undefined;
  symbolScale: () => number = () => 1;
  private frameTimer = 0;
  private shown = true;

  constructor(pane: string, padding: number) {
    super({ pane, padding });
  }

  /** Draw again at the next frame. */
  redraw(): void {
    if (this.frameTimer !== 0) return;
    this.frameTimer = requestAnimationFrame(() => {
      this.frameTimer = 0;
      this.paintNow();
    });
  }

  /** An empty overlay costs nothing while it is not shown. */
  setShown(shown: boolean): void {
    if (this.shown === shown) return;
    this.shown = shown;
    const canvas = this.parts()._container;
    if (canvas) canvas.style.display = shown ? "" : "none";
    if (shown) this.redraw();
  }

  /** While dragging: draw anew when the margin is used up. */
  follow(): void {
    const { _bounds: bounds, _map: map } = this.parts();
    const size = map.getSize();
    const min = map.containerPointToLayerPoint([0, 0]);
    if (!bounds || !bounds.contains(L.bounds(min, min.add(size)))) this._update();
  }

  protected _initContainer(): void {
    const canvas = document.createElement("canvas");
    canvas.className = "map-overlay";
    this.parts()._container = canvas;
  }

  protected _destroyContainer(): void {
    cancelAnimationFrame(this.frameTimer);
    const parts = this.parts();
    parts._container?.remove();
    delete parts._container;
  }

  protected _update(): void {
    const parts = this.parts();
    const map = parts._map as L.Map & { _animatingZoom?: boolean };
    if (map._animatingZoom && parts._bounds) return;
    proto._update.call(this);
    const { _bounds: bounds, _container: canvas } = parts;
    if (!bounds || !canvas || !bounds.min) return;
    const size = bounds.getSize();
    const ratio = pixelRatio();
    const width = Math.round(size.x * ratio);
    const height = Math.round(size.y * ratio);
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
      canvas.style.width = `${size.x}px`;
      canvas.style.height = `${size.y}px`;
    }
    L.DomUtil.setPosition(canvas, bounds.min);
    this.paintNow();
  }

  /** Leaflet's renderer announces itself to vectors; there are none here. */
  protected _updatePaths(): void {
    // nothing to do
  }

  private parts(): RendererParts {
    return this as unknown as RendererParts;
  }

  private paintNow(): void {
    const { _container: canvas, _bounds: bounds, _map: map } = this.parts();
    const ctx = canvas?.getContext("2d");
    if (!canvas || !ctx || !bounds?.min || !this.shown) return;
    const ratio = pixelRatio();
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    const size = bounds.getSize();
    ctx.clearRect(0, 0, size.x, size.y);
    const origin = map.getPixelOrigin().add(bounds.min);
    this.paint({
      ctx,
      zoom: map.getZoom(),
      originX: origin.x,
      originY: origin.y,
      width: size.x,
      height: size.y,
      scale: this.symbolScale(),
    });
  }
}
