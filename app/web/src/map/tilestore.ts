/** Fetching and keeping decoded tiles. One entry per address; requests for the same tile in flight are shared. */
import { at } from "../api/base";
import { presenceHeaders } from "../api/presence";
import { decodeTile, EMPTY_TILE, type DecodedTile } from "./decode";
import { problemFrom } from "../api/problem";

const KEPT_TILES = 600;

interface Entry {
  tile: Promise<DecodedTile>;
  ready: DecodedTile | null;
}

export class TileStore {
  private readonly entries = new Map<string, Entry>();
  private readonly newest = new Map<string, string>();

  /** `cache` says how the browser's own cache may answer: "no-cache" asks the server whether it still holds. */
  constructor(
    private readonly layerName: string,
    private readonly cache: RequestCache = "default",
  ) {}

  /** An address may end in `#anything` to name a newer question for the same tile.
   *  Gives the tile if it is already decoded: painting then needs no promise and no flash. */
  peek(url: string): DecodedTile | null {
    return this.entries.get(url)?.ready ?? null;
  }

  load(url: string): Promise<DecodedTile> {
    const known = this.entries.get(url);
    if (known) {
      this.entries.delete(url);
      this.entries.set(url, known);
      return known.tile;
    }
    const entry: Entry = { tile: this.fetch(url), ready: null };
    this.entries.set(url, entry);
    this.supersede(url);
    entry.tile.then(
      (tile) => (entry.ready = tile),
      () => this.entries.delete(url),
    );
    this.trim();
    return entry.tile;
  }

  private async fetch(url: string): Promise<DecodedTile> {
    const response = await fetch(at(url.split("#", 1)[0] ?? url), { cache: this.cache, headers: presenceHeaders() });
    if (response.status === 204) return EMPTY_TILE;
    if (!response.ok) throw await problemFrom(response);
    return decodeTile(new Uint8Array(await response.arrayBuffer()), this.layerName);
  }

  /** A newer question for the same tile ends the older one's entry: nobody will ask it again. */
  private supersede(url: string): void {
    const address = url.split("#", 1)[0] ?? url;
    if (address === url) return;
    const before = this.newest.get(address);
    if (before !== undefined && before !== url) this.entries.delete(before);
    this.newest.set(address, url);
    if (this.newest.size > KEPT_TILES) this.newest.clear();
  }

  private trim(): void {
    for (const url of this.entries.keys()) {
      if (this.entries.size <= KEPT_TILES) return;
      this.entries.delete(url);
    }
  }
}
