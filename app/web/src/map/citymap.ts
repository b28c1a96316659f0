/** The map: Leaflet with our tile grids and overlays, kept in step with the page's state. */
import L from "leaflet";
import { batch, effect, untracked } from "@preact/signals";
import { api, queryString } from "../api/client";
import type { Incident } from "../api/types";
import { lang } from "../i18n";
import { mapHandle, draft } from "../state/actions";
import * as data from "../state/data";
import { onArrival, passesFilter, serverNow } from "../state/livefeed";
import * as store from "../state/store";
import { track } from "../state/resource";
import type { LayerName, MapPlace } from "../state/url";
import { stageIndex } from "../state/stages";
import { number } from "../ui/format";
import { createMap, MAX_ZOOM, MIN_ZOOM } from "./base";
import { CollisionGrid, centredBox } from "./collision";
import { planAssignments } from "./duty";
import { landSource, outlineSources, shadingSource } from "./ground";
import { HeatLayer } from "./heat";
import { clearSprites, planClusters, planSingles, SINGLE_FROM_ZOOM } from "./incidents";
import { drawLabels, measureWith, placeLabels } from "./labels";
import { areaNames, cellNumbers, riverNames } from "./names";
import { drawOutline, readOutline } from "./outline";
import { CanvasOverlay, type OverlayFrame } from "./overlay";
import { readPalette, type Palette } from "./palette";
import { PointerLayer } from "./pointer";
import { makeScale, spread } from "./ramp";
import { drawRiver, readRiver, type River } from "./river";
import { Rings } from "./rings";
import { planStations } from "./stations";
import type { DrawnSymbol, SymbolPlan } from "./symbols";
import { setStatus, shownScale, type GridStatus } from "./status";
import { TileGrid, type TileSource } from "./tilegrid";
import { TileStore } from "./tilestore";

const SHADE_CLASSES = 6;
const SHEET_PX = 250;
const FIRST_MAX_ZOOM = 15;
const ROOM_DEG = 10;

export class CityMap {
  readonly map: L.Map;
  palette: Palette = readPalette();
  drawn: readonly DrawnSymbol[] = [];
  readonly ground: TileGrid;
  readonly points: TileGrid;
  private readonly heat = new HeatLayer();
  private readonly overlay: CanvasOverlay;
  private readonly pointer: PointerLayer;
  private readonly rings: Rings;
  private readonly incidentTiles = new TileStore("incidents", "no-cache");
  private readonly stationTiles = new TileStore("stations", "no-cache");
  private readonly assignmentTiles = new TileStore("assignments", "no-cache");
  private river: River | null = null;
  private fresh: Incident[] = [];
  private placed = store.place.peek() !== null;
  /** What the first view shows, until somebody moves the map: it fits whatever size the panels leave. */
  private first: readonly [number, number, number, number] | null = null;
  private readonly stops: (() => void)[] = [];

  constructor(element: HTMLElement) {
    this.map = createMap(element, store.place.peek());
    this.ground = new TileGrid({ painted: true, pane: "ground", minZoom: MIN_ZOOM, maxZoom: MAX_ZOOM, keepBuffer: 2 });
    this.points = new TileGrid({ painted: false, pane: "points", minZoom: MIN_ZOOM, maxZoom: MAX_ZOOM });
    this.overlay = new CanvasOverlay("symbols", 0.12);
    this.overlay.symbolScale = () => (store.mode.peek() === "wall" ? Math.max(1, (window.innerWidth / 1920) * 1.9) : 1);
    this.overlay.paint = (frame) => this.paintOverlay(frame);
    this.pointer = new PointerLayer(this);
    this.rings = new Rings(this.map);
    this.map.addLayer(this.ground).addLayer(this.points).addLayer(this.overlay);
    this.pointer.start();
    this.ground.onChange = (status) => {
      setStatus("cells", status);
      setStatus("outlines", status);
    };
    this.points.onChange = (status) => this.onPoints(status);
    for (const kind of ["pointerdown", "wheel", "keydown"]) {
      element.addEventListener(kind, () => (this.first = null), { passive: true });
    }
    this.map.on("moveend", () => this.onMoved());
    this.map.on("move", () => this.overlay.follow());
    this.connect();
  }

  /** The container has another size. */
  resized(): void {
    this.map.invalidateSize({ animate: false });
    if (this.first) this.fit(this.first, FIRST_MAX_ZOOM);
  }

  destroy(): void {
    for (const stop of this.stops) stop();
    mapHandle.value = null;
    this.map.remove();
  }

  /** What was drawn under a point of the container, topmost first by nearness. World px of the zoom on screen. */
  worldAt(point: L.Point): L.Point {
    return this.map.getPixelOrigin().add(this.map.containerPointToLayerPoint(point));
  }

  private onMoved(): void {
    const centre = this.map.getCenter();
    const bounds = this.map.getBounds();
    // While a face is printed the map has no size: what it showed stays.
    if (bounds.getWest() >= bounds.getEast() || bounds.getSouth() >= bounds.getNorth()) return;
    const place = { lat: centre.lat, lon: centre.lng, zoom: this.map.getZoom() };
    batch(() => {
      if (!this.isWhere(store.place.peek(), place)) store.place.value = place;
      store.view.value = [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()];
    });
  }

  /** A resize leaves the centre on a whole pixel: that is no move, and the address stays what it was. */
  private isWhere(before: MapPlace | null, now: MapPlace): boolean {
    if (before?.zoom !== now.zoom) return false;
    const [from, to] = [before, now].map(({ lat, lon, zoom }) => this.map.project([lat, lon], zoom));
    return from !== undefined && to !== undefined && from.distanceTo(to) < 2;
  }

  private onPoints(status: GridStatus): void {
    for (const name of ["incidents", "stations", "assignments"] as const) setStatus(name, status);
    if (!status.loading) this.dropSettled();
    this.overlay.redraw();
  }

  private refreshedAt = 0;

  /** Fresh cases that the newly loaded tiles contain need no drawing of their own any more. */
  private dropSettled(): void {
    const since = this.refreshedAt;
    const kept = this.fresh.filter((incident) => Date.parse(incident.reported_at) > since);
    if (kept.length !== this.fresh.length) this.fresh = kept;
  }

  /** Every effect says which state it depends on simply by reading it. */
  private connect(): void {
    const on = (run: () => void): void => {
      this.stops.push(effect(run));
    };
    on(() => this.applyTheme());
    on(() => this.applyCity());
    on(() => this.applyGround());
    on(() => this.applyPoints());
    on(() => this.heat.follow(this.map));
    on(() => {
      const features = data.features.value.value;
      this.river = features.data ? readRiver(features.data.features) : null;
      setStatus("river", features);
      this.overlay.redraw();
    });
    on(() => {
      if (store.zoom.value >= 12 || ["community", "cell"].includes(store.level.value)) data.wantCommunities();
    });
    on(() => {
      const names = [data.districts, data.subdistricts, data.communities].map((level) => level.value.value);
      track(names, data.outline.value.value, lang.value, store.layers.value, store.mode.value);
      this.overlay.redraw();
    });
    this.stops.push(onArrival((incident) => this.arrive(incident)));
    mapHandle.value = {
      fly: (bbox, maxZoom) => this.fly(bbox, maxZoom ?? 16),
      show: (lon, lat, minZoom) => this.show(lon, lat, minZoom),
      jump: (place) => {
        this.first = null;
        this.map.setView([place.lat, place.lon], place.zoom, { animate: false });
      },
      centre: () => ({ lon: this.map.getCenter().lng, lat: this.map.getCenter().lat }),
      zoomBy: (steps) => {
        this.first = null;
        this.map.setZoom(this.map.getZoom() + steps);
      },
    };
  }

  private applyTheme(): void {
    const resolved = store.resolvedTheme.value;
    document.documentElement.dataset["theme"] = resolved;
    this.palette = readPalette();
    clearSprites();
    this.overlay.redraw();
  }

  private applyCity(): void {
    const city = data.city.value.value.data;
    if (!city) return;
    const [west, south, east, north] = city.bbox;
    // Roomier than any screen at its smallest zoom: Leaflet moves a view that is larger than its bounds.
    const room = L.latLngBounds([south - ROOM_DEG, west - ROOM_DEG], [north + ROOM_DEG, east + ROOM_DEG]);
    this.map.setMaxBounds(room);
    const home = data.homeArea.value.value;
    if (!this.placed && !home.loading) untracked(() => this.firstView(home.data?.bbox ?? city.bbox));
    untracked(() => this.onMoved());
  }

  /** An address without a place: show the area for which one acts. */
  private firstView(bbox: readonly [number, number, number, number]): void {
    this.placed = true;
    this.fly(bbox, FIRST_MAX_ZOOM);
    this.first = bbox;
    const chosen = store.selection.peek();
    if (chosen?.kind === "station") this.show(chosen.lon, chosen.lat, 15);
    else if (chosen?.kind === "incident") {
      void api.incidentByNumber(chosen.no).then(
        ({ lon, lat }) => this.show(lon, lat, 15),
        () => undefined,
      );
    } else {
      const code = chosen?.code ?? store.area.peek();
      if (code !== 0)
        void api.area(code).then(
          (area) => this.fly(area.bbox, 16),
          () => undefined,
        );
    }
  }

  private applyGround(): void {
    track(store.resolvedTheme.value);
    const version = String(data.city.value.value.data?.boundary_version ?? "");
    if (version === "") return;
    const sources: TileSource[] = [];
    if (store.layerOn("cells")) {
      const counts = data.counts.value.value.data;
      const values =
        counts?.level === store.level.value && counts.measure === store.measure.value ? counts.values : null;
      const scale = makeScale(values ? Object.values(values) : [], SHADE_CLASSES);
      const colours = spread(this.palette.ramp, scale.lower.length);
      shownScale.value = { scale, colours };
      const shading = { level: store.level.value, values, scale, colours, area: store.area.value };
      sources.push(shadingSource(shading, this.palette, version));
    } else {
      sources.push(landSource(this.palette, version));
    }
    if (store.layerOn("outlines")) sources.push(...outlineSources(this.palette, version));
    this.ground.setSources(sources);
  }

  private applyPoints(): void {
    const sources: TileSource[] = [];
    const stamp = `#${store.mapTick.value}.${data.resets.value}`;
    const query = queryString({ ...data.filter.value });
    if (store.layerOn("incidents")) {
      this.refreshedAt = serverNow();
      sources.push({
        id: "incidents",
        store: this.incidentTiles,
        url: ({ z, x, y }) => `/tiles/incidents/${z}/${x}/${y}.mvt${query}${stamp}`,
      });
    }
    if (store.layerOn("stations")) {
      sources.push({
        id: "stations",
        store: this.stationTiles,
        url: ({ z, x, y }) => `/tiles/stations/${z}/${x}/${y}.mvt`,
      });
    }
    if (store.layerOn("assignments") || store.zoom.value >= 15) {
      sources.push({
        id: "assignments",
        store: this.assignmentTiles,
        url: ({ z, x, y }) => (z >= 11 ? `/tiles/assignments/${z}/${x}/${y}.mvt` : null),
      });
    }
    this.points.setSources(sources);
    this.overlay.redraw();
  }

  private arrive(incident: Incident): void {
    if (!passesFilter(incident)) return;
    this.fresh = [incident, ...this.fresh].slice(0, 200);
    if (this.map.getBounds().contains([incident.lat, incident.lon])) {
      if (untracked(() => store.layerOn("incidents"))) this.rings.add(incident.lon, incident.lat);
      this.overlay.redraw();
    }
  }

  private fly(bbox: readonly [number, number, number, number], maxZoom: number): void {
    this.first = null;
    this.fit(bbox, maxZoom);
  }

  private fit(bbox: readonly [number, number, number, number], maxZoom: number): void {
    const [west, south, east, north] = bbox;
    // On a phone the sheet covers the lower part: what is shown belongs above it.
    const below = store.phone.peek() ? SHEET_PX : 24;
    this.map.fitBounds(
      [
        [south, west],
        [north, east],
      ],
      { maxZoom, paddingTopLeft: [24, 24], paddingBottomRight: [24, below], animate: false },
    );
  }

  private show(lon: number, lat: number, minZoom: number): void {
    this.first = null;
    const zoom = Math.max(this.map.getZoom(), minZoom);
    const inside = this.map.getBounds().pad(-0.1).contains([lat, lon]);
    if (zoom !== this.map.getZoom()) this.map.setView([lat, lon], zoom, { animate: false });
    else if (!inside) this.map.panTo([lat, lon], { animate: false });
  }

  private paintOverlay(frame: OverlayFrame): void {
    const { palette } = this;
    const on = (name: LayerName): boolean => store.layers.peek().includes(name);
    if (on("river") && this.river) drawRiver(frame, this.river, palette);
    const outline = data.outline.value.peek().data;
    if (outline) drawOutline(frame, readOutline(outline.geometry), palette);
    const plans: SymbolPlan[] = [];
    if (on("assignments")) plans.push(planAssignments(frame, this.points.tiles("assignments"), palette));
    if (on("stations")) plans.push(planStations(frame, this.points.tiles("stations"), palette));
    if (on("incidents")) plans.push(this.planIncidents(frame));
    this.drawn = plans.flatMap((plan) => plan.symbols);
    this.paintLabels(frame);
    for (const plan of plans) plan.draw(frame.ctx);
    this.pointer.redraw();
  }

  private planIncidents(frame: OverlayFrame): SymbolPlan {
    const held = this.points.tiles("incidents");
    return frame.zoom >= SINGLE_FROM_ZOOM
      ? planSingles(frame, held, this.fresh, stageIndex, this.palette)
      : planClusters(frame, held, this.fresh, this.palette, number);
  }

  private paintLabels(frame: OverlayFrame): void {
    const river = store.layers.peek().includes("river") ? this.river : null;
    const labels = [
      ...areaNames(frame),
      ...cellNumbers(frame, this.points.tiles("assignments")),
      ...riverNames(frame, river),
    ];
    const taken = new CollisionGrid();
    for (const { x, y, radius } of this.drawn) {
      if (radius > 3.2) taken.block(centredBox(x - frame.originX, y - frame.originY, radius * 1.7, radius * 1.7));
    }
    const measure = measureWith(frame.ctx, frame.scale, this.palette.font);
    drawLabels(frame.ctx, placeLabels(labels, taken, frame.scale, measure), frame.scale, this.palette);
  }

  /** Where a case is, from the list or its card. */
  placeOf(no: number): { lon: number; lat: number } | null {
    const detail = data.incidentDetail.value.peek().data;
    if (detail?.no === no) return detail;
    return (
      data.list.value.peek().data?.items.find((item) => item.no === no) ??
      this.fresh.find((item) => item.no === no) ??
      null
    );
  }

  /** True while a click means "here" for a report. */
  get picking(): boolean {
    return draft.peek() !== null;
  }
}
