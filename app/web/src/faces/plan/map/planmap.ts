/** The workbench's map: Leaflet with the plan on tiles, the edited community over them, kept in step with the state. */
import L from "leaflet";
import { effect, untracked } from "@preact/signals";
import { api } from "../../../api/client";
import { lang } from "../../../i18n";
import { createMap, MAX_ZOOM, MIN_ZOOM } from "../../../map/base";
import { CollisionGrid } from "../../../map/collision";
import { numberOf } from "../../../map/decode";
import { polygonAt } from "../../../map/hittest";
import { drawLabels, measureWith, placeLabels } from "../../../map/labels";
import { areaNames } from "../../../map/names";
import { CanvasOverlay, type OverlayFrame } from "../../../map/overlay";
import { TileGrid, TILE_PX } from "../../../map/tilegrid";
import { ancestorAt } from "../../../state/codes";
import * as data from "../../../state/data";
import { track } from "../../../state/resource";
import { faceParam, setFaceParams } from "../../../state/face";
import { place as watchPlace, resolvedTheme } from "../../../state/store";
import { figures } from "../bench/figures";
import { hovered, hoveredCell, live, target } from "../bench/store";
import { problems } from "../panels/measures";
import { laid, marked, openedPlan, planId, planMap } from "../state";
import { paintBench, paintUnit } from "./benchpaint";
import { readPlanPalette, type PlanPalette } from "./colours";
import { groundOf, unitAt, type BenchGround } from "./ground";
import { paintLaid, paintMarks, paintSigns } from "./signs";
import { differing } from "./beside";
import { loadingTiles, shownPlace, tileError } from "./status";
import { cellsSource, draftCell, planOutlines, unitsSource, UNITS_FROM, type Drawn } from "./tiles";
import { readView, viewText } from "./view";

const BENCH_MAX_ZOOM = 17;
const ROOM_DEG = 10;

/** What a gesture draws while the pointer is down, in container px. */
export interface Sketch {
  readonly line: readonly L.Point[];
  readonly closed: boolean;
  readonly brush: { readonly at: L.Point; readonly radius_px: number } | null;
}

export const showsToday = (): boolean => faceParam("today") !== "0";

export class PlanMap {
  readonly map: L.Map;
  palette: PlanPalette = readPlanPalette();
  ground: BenchGround | null = null;
  sketch: Sketch | null = null;
  private readonly tiles: TileGrid;
  private readonly benchOverlay = new CanvasOverlay("points", 0.2);
  private readonly symbols = new CanvasOverlay("symbols", 0.12);
  private readonly pointer = new CanvasOverlay("pointer", 0);
  private readonly stops: (() => void)[] = [];
  private placedFor = 0;
  private openedBench = 0;

  constructor(element: HTMLElement) {
    const first = readView(faceParam("view"));
    this.map = createMap(element, first ?? watchPlace.peek());
    if (first) this.placedFor = planId.peek();
    this.tiles = new TileGrid({ painted: true, pane: "ground", minZoom: MIN_ZOOM, maxZoom: MAX_ZOOM, keepBuffer: 1 });
    this.benchOverlay.paint = (frame) => this.paintBench(frame);
    this.symbols.paint = (frame) => this.paintSymbols(frame);
    this.pointer.paint = (frame) => this.paintPointer(frame);
    this.tiles.onChange = ({ loading, error }) => {
      loadingTiles.value = loading;
      tileError.value = error;
    };
    this.map.addLayer(this.tiles).addLayer(this.benchOverlay).addLayer(this.symbols).addLayer(this.pointer);
    this.map.on("moveend", () => this.moved());
    this.map.on("move", () => {
      this.benchOverlay.follow();
      this.symbols.follow();
      this.tellPlace();
    });
    this.connect();
    this.tellPlace();
  }

  resized(): void {
    this.map.invalidateSize({ animate: false });
  }

  retryTiles(): void {
    this.tiles.retry();
  }

  destroy(): void {
    for (const stop of this.stops) stop();
    planMap.value = null;
    this.map.remove();
  }

  /** World px at zoom 0 of a point of the container. */
  worldAt(point: L.Point): { x: number; y: number } {
    const world = this.map.getPixelOrigin().add(this.map.containerPointToLayerPoint(point));
    const size = 2 ** this.map.getZoom();
    return { x: world.x / size, y: world.y / size };
  }

  /** The unit of the edited community under a point of the container. */
  unitAt(point: L.Point): number | null {
    if (!this.ground) return null;
    const { x, y } = this.worldAt(point);
    return unitAt(this.ground, x, y);
  }

  /** The draft's cell under a point of the container, from the tiles on screen. */
  cellAt(point: L.Point): number {
    const zoom = this.map.getZoom();
    const world = this.map.getPixelOrigin().add(this.map.containerPointToLayerPoint(point));
    const x = Math.floor(world.x / TILE_PX);
    const y = Math.floor(world.y / TILE_PX);
    const near = zoom >= UNITS_FROM;
    for (const { coords, tile } of this.tiles.tiles(near ? "plan-units" : "plan-cells")) {
      if (coords.x !== x || coords.y !== y || coords.z !== zoom) continue;
      const unit = tile.extent / TILE_PX;
      const found = polygonAt(tile, (world.x - x * TILE_PX) * unit, (world.y - y * TILE_PX) * unit);
      if (found) return near ? draftCell(found, figures.peek().data) : numberOf(found, "code");
    }
    return 0;
  }

  redrawPointer(): void {
    const wanted = hovered.peek() !== null || this.sketch !== null;
    this.pointer.setShown(wanted);
    if (wanted) this.pointer.redraw();
  }

  fly(bbox: readonly [number, number, number, number], maxZoom = 16): void {
    const [west, south, east, north] = bbox;
    this.map.fitBounds(
      [
        [south, west],
        [north, east],
      ],
      { maxZoom, paddingTopLeft: [40, 44], paddingBottomRight: [60, 96], animate: false },
    );
  }

  show(lon: number, lat: number, minZoom = 15): void {
    const zoom = Math.max(this.map.getZoom(), minZoom);
    const inside = this.map.getBounds().pad(-0.15).contains([lat, lon]);
    if (zoom !== this.map.getZoom() || !inside) this.map.setView([lat, lon], zoom, { animate: false });
  }

  private tellPlace(): void {
    const { lat, lng } = this.map.getCenter();
    shownPlace.value = { lat, lon: lng, zoom: this.map.getZoom() };
  }

  private moved(): void {
    const size = this.map.getSize();
    if (size.x === 0 || size.y === 0) return;
    const { lat, lng } = this.map.getCenter();
    setFaceParams({ view: viewText({ lat, lon: lng, zoom: this.map.getZoom() }) });
  }

  private connect(): void {
    const on = (run: () => void): void => {
      this.stops.push(effect(run));
    };
    on(() => this.applyTheme());
    on(() => this.applyCity());
    on(() => this.applyTiles());
    on(() => this.applyPlan());
    on(() => this.applyBench());
    on(() => {
      track(target.value, hoveredCell.value, showsToday(), live.value, figures.value);
      this.benchOverlay.redraw();
    });
    on(() => {
      const names = [data.districts, data.subdistricts, data.communities].map((level) => level.value.value);
      track(names, lang.value, marked.value, laid.value, problems.value.value, planId.value, live.value);
      this.symbols.redraw();
    });
    on(() => {
      track(hovered.value);
      this.redrawPointer();
    });
    data.wantCommunities();
    planMap.value = {
      fly: (bbox, maxZoom) => this.fly(bbox, maxZoom),
      show: (lon, lat, minZoom) => this.show(lon, lat, minZoom),
      centre: () => ({ lon: this.map.getCenter().lng, lat: this.map.getCenter().lat }),
    };
  }

  private applyTheme(): void {
    document.documentElement.dataset["theme"] = resolvedTheme.value;
    this.palette = readPlanPalette();
    this.benchOverlay.redraw();
    this.symbols.redraw();
  }

  private applyCity(): void {
    const bbox = data.city.value.value.data?.bbox;
    if (!bbox) return;
    const [west, south, east, north] = bbox;
    this.map.setMaxBounds([
      [south - ROOM_DEG, west - ROOM_DEG],
      [north + ROOM_DEG, east + ROOM_DEG],
    ]);
    if (planId.peek() === 0 && readView(untracked(() => faceParam("view"))) === null) this.fly(bbox, 12);
  }

  private applyTiles(): void {
    track(resolvedTheme.value);
    const version = String(data.city.value.value.data?.boundary_version ?? "");
    if (version === "") return;
    const drawn: Drawn = {
      figures: figures.value.data,
      palette: this.palette,
      area: openedPlan.value?.area_code ?? 0,
      today: showsToday(),
      differing: differing.value,
    };
    this.tiles.setSources([
      cellsSource(drawn, version),
      unitsSource(drawn, version),
      ...planOutlines(this.palette, version),
    ]);
  }

  /** A plan that is opened without a view shows its area. */
  private applyPlan(): void {
    const opened = openedPlan.value;
    if (!opened || this.placedFor === opened.id) return;
    this.placedFor = opened.id;
    if (untracked(() => faceParam("bench")) !== "") return;
    void api.area(opened.area_code).then(
      (area) => {
        if (planId.peek() === opened.id) this.fly(area.bbox, 15);
      },
      () => undefined,
    );
  }

  /** The community that is open: its shapes, and where it is. */
  private applyBench(): void {
    const bench = live.value?.drawing.bench ?? null;
    if (bench && this.ground?.bench.code === bench.code && this.ground.bench.units.length === bench.units.length) {
      // Only cells have changed: the shapes stay.
      this.ground = { ...this.ground, bench };
    } else {
      this.ground = bench ? groundOf(bench) : null;
    }
    this.benchOverlay.setShown(this.ground !== null);
    this.benchOverlay.redraw();
    if (!this.ground) this.openedBench = 0;
    else if (this.openedBench !== this.ground.bench.code) {
      this.openedBench = this.ground.bench.code;
      this.bringIn(this.ground);
    }
  }

  /** Bring the opened community onto the screen, unless most of it is there already and large enough. */
  private bringIn({ bbox: [west, south, east, north] }: BenchGround): void {
    const box = L.latLngBounds([south, west], [north, east]);
    const fits = this.map.getBoundsZoom(box);
    const inside = this.map.getBounds().contains(box.getCenter());
    if (!inside || this.map.getZoom() < Math.min(fits, BENCH_MAX_ZOOM) - 1)
      this.fly([west, south, east, north], BENCH_MAX_ZOOM);
  }

  private paintBench(frame: OverlayFrame): void {
    const now = live.peek();
    if (!this.ground || !now) return;
    const view = {
      ground: this.ground,
      live: now,
      target: target.peek(),
      hoveredCell: hoveredCell.peek(),
      today: untracked(showsToday),
    };
    paintBench(frame, view, this.palette);
  }

  private paintSymbols(frame: OverlayFrame): void {
    paintLaid(frame, laid.peek(), this.palette);
    const taken = new CollisionGrid();
    const community = live.peek()?.drawing.bench.code ?? 0;
    const found = problems.value.peek().data?.problems ?? [];
    // The edited community has its signs in its own numbers.
    paintSigns(
      frame,
      found.filter(({ cells }) => ancestorAt(cells[0] ?? 0, "community") !== community),
      this.palette,
      taken,
    );
    paintMarks(frame, marked.peek(), this.palette);
    if (community === 0)
      drawLabels(
        frame.ctx,
        placeLabels(areaNames(frame), taken, frame.scale, measureWith(frame.ctx, frame.scale, this.palette.font)),
        frame.scale,
        this.palette,
      );
  }

  private paintPointer(frame: OverlayFrame): void {
    const unit = hovered.peek();
    if (unit !== null && this.ground) paintUnit(frame, this.ground, unit, this.palette);
    if (!this.sketch) return;
    const { ctx } = frame;
    const { line, closed, brush } = this.sketch;
    const at = (point: L.Point): L.Point =>
      this.map
        .containerPointToLayerPoint(point)
        .add(this.map.getPixelOrigin())
        .subtract([frame.originX, frame.originY]);
    ctx.beginPath();
    line.map(at).forEach(({ x, y }, i) => (i === 0 ? ctx.moveTo(x, y) : ctx.lineTo(x, y)));
    if (closed) ctx.closePath();
    if (brush) {
      const { x, y } = at(brush.at);
      ctx.moveTo(x + brush.radius_px, y);
      ctx.arc(x, y, brush.radius_px, 0, 2 * Math.PI);
    }
    ctx.globalAlpha = 0.12;
    ctx.fillStyle = this.palette.select;
    ctx.fill();
    ctx.globalAlpha = 1;
    for (const [colour, width] of [
      [this.palette.halo, 3.6],
      [this.palette.select, 1.6],
    ] as const) {
      ctx.strokeStyle = colour;
      ctx.lineWidth = width;
      ctx.stroke();
    }
  }
}
