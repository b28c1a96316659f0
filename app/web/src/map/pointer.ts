/** What the pointer does on the map: the area or symbol under it answers, a click opens its card. */
import L from "leaflet";
import { effect, signal } from "@preact/signals";
import { draft, placeDraft, select } from "../state/actions";
import { goArea } from "../state/navigate";
import { ancestorAt, childLevel, LEVELS, levelOf, within } from "../state/codes";
import { levelToPick } from "../state/levels";
import * as store from "../state/store";
import { track } from "../state/resource";
import type { CityMap } from "./citymap";
import { numberOf } from "./decode";
import { traceFeature } from "./ground";
import { nearestSymbol, polygonAt } from "./hittest";
import { CanvasOverlay, type OverlayFrame } from "./overlay";
import { worldX, worldY } from "./project";
import type { DrawnSymbol, SymbolHit } from "./symbols";
import { TILE_PX } from "./tilegrid";

export interface Tip {
  /** px in the map's container */
  readonly x: number;
  readonly y: number;
  readonly area: number | null;
  /** the area whose value the shading shows here */
  readonly shaded: number | null;
  readonly hit: SymbolHit | null;
}

/** What is under the pointer, for the tip beside it; null when nothing is, or on a touch screen. */
export const tip = signal<Tip | null>(null);

const SLACK_PX = 4;
const TOUCH_SLACK_PX = 14;

export class PointerLayer {
  private readonly overlay = new CanvasOverlay("pointer", 0);
  private hovered: number | null = null;
  private frame = 0;
  private last: L.LeafletMouseEvent | null = null;

  constructor(private readonly city: CityMap) {}

  start(): void {
    const { map } = this.city;
    this.overlay.paint = (frame) => this.paint(frame);
    map.addLayer(this.overlay);
    map.on("mousemove", (event) => this.moved(event));
    map.on("mouseout", () => this.leave());
    map.on("movestart", () => this.leave());
    map.on("click", (event) => this.clicked(event));
    effect(() => {
      track(store.hoverIncident.value, store.selection.value);
      map.getContainer().classList.toggle("picking", draft.value !== null);
      this.redraw();
    });
  }

  redraw(): void {
    const selected = store.selection.peek()?.kind;
    const wanted =
      this.hovered !== null ||
      store.hoverIncident.peek() !== null ||
      draft.peek() !== null ||
      selected === "incident" ||
      selected === "station";
    this.overlay.setShown(wanted);
    if (wanted) this.overlay.redraw();
  }

  private moved(event: L.LeafletMouseEvent): void {
    this.last = event;
    if (this.frame !== 0) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      if (this.last) this.hover(this.last);
    });
  }

  private leave(): void {
    this.last = null;
    this.setHovered(null);
    tip.value = null;
    if (store.hoverIncident.peek()?.from === "map") store.hoverIncident.value = null;
  }

  private hover(event: L.LeafletMouseEvent): void {
    if ((event.originalEvent as PointerEvent).pointerType === "touch") return;
    const symbol = this.symbolAt(event.containerPoint, SLACK_PX);
    const shaded = this.areaAt(event.containerPoint);
    const target = shaded === null || symbol ? null : this.target(shaded);
    this.setHovered(target);
    const no = symbol?.hit.kind === "incident" ? symbol.hit.no : null;
    const before = store.hoverIncident.peek();
    if (no !== null && before?.no !== no) store.hoverIncident.value = { from: "map", no };
    if (no === null && before?.from === "map") store.hoverIncident.value = null;
    const { x, y } = event.containerPoint;
    tip.value = shaded === null && !symbol ? null : { x, y, area: target, shaded, hit: symbol?.hit ?? null };
    this.city.map.getContainer().classList.toggle("over-symbol", symbol !== null);
  }

  private setHovered(code: number | null): void {
    if (code === this.hovered) return;
    this.hovered = code;
    store.hoverArea.value = code;
    this.redraw();
  }

  private symbolAt(point: L.Point, slack: number): DrawnSymbol | null {
    const { x, y } = this.city.worldAt(point);
    return nearestSymbol(this.city.drawn, x, y, slack);
  }

  /** The code of the shaded area under a point of the container. */
  private areaAt(point: L.Point): number | null {
    const world = this.city.worldAt(point);
    const zoom = this.city.map.getZoom();
    const x = Math.floor(world.x / TILE_PX);
    const y = Math.floor(world.y / TILE_PX);
    for (const { coords, tile } of this.shadedTiles()) {
      if (coords.x !== x || coords.y !== y || coords.z !== zoom) continue;
      const unit = tile.extent / TILE_PX;
      const found = polygonAt(tile, (world.x - x * TILE_PX) * unit, (world.y - y * TILE_PX) * unit);
      if (found) return numberOf(found, "code");
    }
    return null;
  }

  private shadedTiles(): ReturnType<CityMap["ground"]["tiles"]> {
    const { ground } = this.city;
    const shaded = ground.tiles(`shade-${store.level.peek()}`);
    if (shaded.length > 0) return shaded;
    const outline = ground.tiles(`outline-${store.level.peek()}`);
    return outline.length > 0 ? outline : ground.tiles("outline-district");
  }

  /**
   * What a click would enter: one level below the chosen area, or its neighbour at the same level outside of it;
   * never coarser than what one can tell apart at this zoom.
   */
  private target(code: number): number {
    const area = store.area.peek();
    const from = area === 0 ? "city" : levelOf(area);
    const step = within(code, area) ? (childLevel(from) ?? "cell") : from;
    const wanted = Math.max(LEVELS.indexOf(step), LEVELS.indexOf(levelToPick(this.city.map.getZoom())));
    const found = levelOf(code);
    return LEVELS.indexOf(found) <= wanted ? code : ancestorAt(code, LEVELS[wanted] ?? found);
  }

  private clicked(event: L.LeafletMouseEvent): void {
    const { map } = this.city;
    if (this.city.picking) {
      placeDraft(Number(event.latlng.lng.toFixed(6)), Number(event.latlng.lat.toFixed(6)));
      return;
    }
    const touch = (event.originalEvent as PointerEvent).pointerType === "touch";
    const symbol = this.symbolAt(event.containerPoint, touch ? TOUCH_SLACK_PX : SLACK_PX);
    if (symbol) {
      this.open(symbol);
      return;
    }
    const code = this.areaAt(event.containerPoint);
    if (code === null) {
      select(null);
      return;
    }
    tip.value = null;
    void goArea(this.target(code), { fly: map.getZoom() < 16 });
  }

  private open(symbol: DrawnSymbol): void {
    const { map } = this.city;
    const { hit } = symbol;
    const at = map.unproject([symbol.x, symbol.y], map.getZoom());
    switch (hit.kind) {
      case "incident":
        select({ kind: "incident", no: hit.no });
        break;
      case "cluster":
        map.setView(at, Math.min(18, map.getZoom() + (hit.n > 50 ? 1 : 2)));
        break;
      case "station":
        select({ kind: "station", id: hit.id, lon: at.lng, lat: at.lat });
        break;
      case "assignment":
        select({ kind: "area", code: hit.code });
        break;
    }
  }

  private paint(frame: OverlayFrame): void {
    if (this.hovered !== null) this.paintArea(frame, this.hovered);
    const chosen = store.selection.peek();
    if (chosen?.kind === "incident") this.mark(frame, chosen.no, 3);
    if (chosen?.kind === "station")
      this.ring(frame, worldX(chosen.lon, frame.zoom), worldY(chosen.lat, frame.zoom), 15, 3);
    const hover = store.hoverIncident.peek();
    if (hover && !(chosen?.kind === "incident" && chosen.no === hover.no)) this.mark(frame, hover.no, 2);
    const pin = draft.peek();
    if (pin && pin.lon !== null && pin.lat !== null)
      this.pin(frame, worldX(pin.lon, frame.zoom), worldY(pin.lat, frame.zoom));
  }

  private paintArea(frame: OverlayFrame, code: number): void {
    const { ctx } = frame;
    ctx.fillStyle = this.city.palette.select;
    for (const { coords, tile } of this.shadedTiles()) {
      if (coords.z !== frame.zoom) continue;
      const left = coords.x * TILE_PX - frame.originX;
      const top = coords.y * TILE_PX - frame.originY;
      const features = tile.features.filter((feature) => within(numberOf(feature, "code"), code));
      if (features.length === 0) continue;
      ctx.save();
      ctx.beginPath();
      ctx.rect(left, top, TILE_PX, TILE_PX);
      ctx.clip();
      ctx.translate(left, top);
      ctx.beginPath();
      for (const feature of features) traceFeature(ctx, feature, TILE_PX / tile.extent);
      ctx.globalAlpha = 0.13;
      ctx.fill();
      ctx.restore();
    }
  }

  /** A ring around a case, wherever it is known from: drawn symbols first, then the list. */
  private mark(frame: OverlayFrame, no: number, width: number): void {
    const symbol = this.city.drawn.find(({ hit }) => hit.kind === "incident" && hit.no === no);
    if (symbol) {
      this.ring(frame, symbol.x, symbol.y, symbol.radius + 6, width);
      return;
    }
    const known = this.city.placeOf(no);
    if (known) this.ring(frame, worldX(known.lon, frame.zoom), worldY(known.lat, frame.zoom), 11, width);
  }

  private ring(frame: OverlayFrame, x: number, y: number, radius: number, width: number): void {
    const { ctx } = frame;
    ctx.beginPath();
    ctx.arc(x - frame.originX, y - frame.originY, radius, 0, 2 * Math.PI);
    ctx.lineWidth = width + 3;
    ctx.strokeStyle = this.city.palette.halo;
    ctx.stroke();
    ctx.lineWidth = width;
    ctx.strokeStyle = this.city.palette.select;
    ctx.stroke();
  }

  private pin(frame: OverlayFrame, wx: number, wy: number): void {
    const { ctx } = frame;
    const { palette } = this.city;
    const x = wx - frame.originX;
    const y = wy - frame.originY;
    ctx.beginPath();
    ctx.moveTo(x, y);
    ctx.bezierCurveTo(x - 4, y - 12, x - 11, y - 15, x - 11, y - 23);
    ctx.arc(x, y - 23, 11, Math.PI, 0);
    ctx.bezierCurveTo(x + 11, y - 15, x + 4, y - 12, x, y);
    ctx.lineWidth = 3;
    ctx.strokeStyle = palette.halo;
    ctx.stroke();
    ctx.fillStyle = palette.select;
    ctx.fill();
    ctx.beginPath();
    ctx.arc(x, y - 23, 4, 0, 2 * Math.PI);
    ctx.fillStyle = palette.halo;
    ctx.fill();
  }
}
