/** What all symbols over the ground share: where they are, what a click on them means, when they are drawn. */
import { type TileFeature } from "./decode";
import { TILE_PX, type HeldTile } from "./tilegrid";

export type SymbolHit =
  | { readonly kind: "incident"; readonly no: number }
  | { readonly kind: "cluster"; readonly n: number; readonly open: number }
  | { readonly kind: "station"; readonly id: number; readonly station: number }
  | {
      readonly kind: "assignment";
      readonly code: number;
      readonly workers: number;
      readonly police: number;
      readonly ok: boolean;
    };

/** A symbol as drawn, in world px of the zoom it was drawn for. */
export interface DrawnSymbol {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly hit: SymbolHit;
}

/** What will be drawn and where; names are placed in between, so that they keep clear of it. */
export interface SymbolPlan {
  readonly symbols: readonly DrawnSymbol[];
  readonly draw: (ctx: CanvasRenderingContext2D) => void;
}

export interface TilePoint {
  readonly x: number;
  readonly y: number;
  readonly feature: TileFeature;
}

/** Points inside their own tile (the buffer's belong to the neighbour), in world px of `zoom`. */
export function* tilePoints(held: readonly HeldTile[], zoom: number): Generator<TilePoint> {
  for (const { coords, tile } of held) {
    const factor = 2 ** (zoom - coords.z);
    const scale = (TILE_PX / tile.extent) * factor;
    const left = coords.x * TILE_PX * factor;
    const top = coords.y * TILE_PX * factor;
    for (const feature of tile.features) {
      if (feature.type !== 1) continue;
      for (let i = 0; i < feature.xy.length; i += 2) {
        const x = feature.xy[i] ?? 0;
        const y = feature.xy[i + 1] ?? 0;
        if (x < 0 || y < 0 || x >= tile.extent || y >= tile.extent) continue;
        yield { x: left + x * scale, y: top + y * scale, feature };
      }
    }
  }
}

export function centreText(ctx: CanvasRenderingContext2D): void {
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
}
