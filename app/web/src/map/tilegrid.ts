/**
 * The one tile layer of the page. It fetches our vector tiles, keeps them decoded, and paints them on canvas from what
 * its sources say, again and again without another request. Layers whose symbols must not be cut at tile edges use the
 * same class without canvases (`painted: false`): an overlay draws from `tiles()`.
 */
import L from "leaflet";
import { asProblem, isAbort, type Problem } from "../api/problem";
import type { DecodedTile } from "./decode";
import type { GridStatus } from "./status";
import type { TileStore } from "./tilestore";

export const TILE_PX = 256;

export interface Frame {
  /** CSS px per tile unit */
  readonly scale: number;
  readonly zoom: number;
}

export interface TileSource {
  readonly id: string;
  readonly store: TileStore;
  /** The address of a tile, or null where the source has nothing at this zoom. */
  readonly url: (coords: L.Coords) => string | null;
  readonly paint?: (ctx: CanvasRenderingContext2D, tile: DecodedTile, frame: Frame) => void;
}

export interface HeldTile {
  readonly coords: L.Coords;
  readonly tile: DecodedTile;
}

interface LiveTile {
  readonly coords: L.Coords;
  readonly canvas: HTMLCanvasElement | null;
  /** by source id: the last tile that came in, and the address wanted now */
  readonly held: Map<string, DecodedTile>;
  readonly wanted: Map<string, string>;
  dirty: boolean;
  gone: boolean;
}

const FRAME_BUDGET_MS = 7;

export class TileGrid extends L.GridLayer {
  private readonly painted: boolean;
  private sources: readonly TileSource[] = [];
  private readonly livetiles = new Map<HTMLElement, LiveTile>();
  private pending = 0;
  private failed: Problem | null = null;
  private lastAt = 0;
  private paintTimer = 0;

  /** Called when tiles came or went, or the state of loading changed. */
  onChange: (status: GridStatus) => void = () => undefined;

  constructor(options: L.GridLayerOptions & { painted: boolean }) {
    super({ tileSize: TILE_PX, updateWhenZooming: false, updateWhenIdle: false, keepBuffer: 1, ...options });
    this.painted = options.painted;
    this.on("tileunload", (event: L.LeafletEvent) => {
      const element = (event as L.TileEvent).tile;
      const live = this.livetiles.get(element);
      if (live) live.gone = true;
      this.livetiles.delete(element);
    });
  }

  /** Say what to show. Tiles that are already held are repainted at once, others when they come in. */
  setSources(sources: readonly TileSource[]): void {
    this.sources = sources;
    this.failed = null;
    for (const live of this.livetiles.values()) {
      for (const id of live.held.keys()) if (!sources.some((source) => source.id === id)) live.held.delete(id);
      void this.fill(live);
    }
    this.repaint();
    this.report();
  }

  retry(): void {
    this.setSources(this.sources);
  }

  /** Paint again what is held, a few milliseconds per frame so that the page stays quick. */
  repaint(): void {
    for (const live of this.livetiles.values()) live.dirty = true;
    this.schedulePaint();
  }

  /** The tiles of a source at the zoom on screen; while those are still coming, the ones of the zoom before. */
  tiles(sourceId: string): HeldTile[] {
    const zoom = this.currentZoom();
    const current: HeldTile[] = [];
    const other: HeldTile[] = [];
    for (const live of this.livetiles.values()) {
      const tile = live.held.get(sourceId);
      if (!tile) continue;
      (live.coords.z === zoom ? current : other).push({ coords: live.coords, tile });
    }
    return current.length > 0 ? current : other;
  }

  get loadingCount(): number {
    return this.pending;
  }

  override createTile(coords: L.Coords, done: L.DoneCallback): HTMLElement {
    const canvas = this.painted ? document.createElement("canvas") : null;
    const element = canvas ?? document.createElement("div");
    if (canvas) {
      const ratio = pixelRatio();
      canvas.width = TILE_PX * ratio;
      canvas.height = TILE_PX * ratio;
    }
    const live: LiveTile = { coords, canvas, held: new Map(), wanted: new Map(), dirty: true, gone: false };
    this.livetiles.set(element, live);
    void this.fill(live).then(() => done(undefined, element));
    return element;
  }

  private currentZoom(): number {
    return (this as unknown as { _tileZoom: number | undefined })._tileZoom ?? -1;
  }

  private async fill(live: LiveTile): Promise<void> {
    const waits: Promise<void>[] = [];
    for (const source of this.sources) {
      const url = source.url(live.coords);
      if (url === null) {
        live.wanted.delete(source.id);
        live.held.delete(source.id);
        continue;
      }
      if (live.wanted.get(source.id) === url && live.held.has(source.id)) continue;
      live.wanted.set(source.id, url);
      const ready = source.store.peek(url);
      if (ready) this.take(live, source.id, url, ready);
      else waits.push(this.wait(live, source, url));
    }
    await Promise.all(waits);
  }

  private async wait(live: LiveTile, source: TileSource, url: string): Promise<void> {
    this.pending++;
    this.report();
    try {
      this.take(live, source.id, url, await source.store.load(url));
    } catch (reason) {
      if (!isAbort(reason)) this.failed = asProblem(reason);
    } finally {
      this.pending--;
      this.report();
    }
  }

  private take(live: LiveTile, sourceId: string, url: string, tile: DecodedTile): void {
    if (live.gone || live.wanted.get(sourceId) !== url) return;
    live.held.set(sourceId, tile);
    live.dirty = true;
    this.lastAt = Date.now();
    this.schedulePaint();
  }

  private report(): void {
    this.onChange({ loading: this.pending > 0, error: this.failed, at: this.lastAt });
  }

  private schedulePaint(): void {
    if (!this.painted || this.paintTimer !== 0) return;
    this.paintTimer = requestAnimationFrame(() => {
      this.paintTimer = 0;
      this.paintDirty();
    });
  }

  private paintDirty(): void {
    const end = performance.now() + FRAME_BUDGET_MS;
    for (const live of this.livetiles.values()) {
      if (!live.dirty) continue;
      if (performance.now() > end) {
        this.schedulePaint();
        return;
      }
      this.paintTile(live);
    }
  }

  private paintTile(live: LiveTile): void {
    live.dirty = false;
    const ctx = live.canvas?.getContext("2d");
    if (!ctx || !live.canvas) return;
    const ratio = live.canvas.width / TILE_PX;
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.clearRect(0, 0, TILE_PX, TILE_PX);
    for (const source of this.sources) {
      const tile = live.held.get(source.id);
      if (tile && source.paint) source.paint(ctx, tile, { scale: TILE_PX / tile.extent, zoom: live.coords.z });
    }
  }
}

export function pixelRatio(): number {
  return Math.min(2, Math.max(1, window.devicePixelRatio || 1));
}
