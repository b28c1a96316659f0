/**
 * Mapbox vector tiles, decoded once into flat arrays: no object per point, so a tile of a thousand cells costs a
 * thousand small objects, not forty thousand. Coordinates stay in tile units (0..extent, y down).
 */
import { PbfReader } from "pbf";

export type PropertyValue = number | string | boolean;

export interface TileFeature {
  /** 1 point, 2 line, 3 polygon */
  readonly type: number;
  readonly properties: Readonly<Record<string, PropertyValue>>;
  /** x0, y0, x1, y1, … of all rings, one after another */
  readonly xy: Int32Array;
  /** index into `xy` where each ring (or line, or point run) ends */
  readonly ends: Int32Array;
  readonly minX: number;
  readonly minY: number;
  readonly maxX: number;
  readonly maxY: number;
}

export interface DecodedTile {
  readonly extent: number;
  readonly features: readonly TileFeature[];
}

export const EMPTY_TILE: DecodedTile = { extent: 4096, features: [] };

interface RawFeature {
  type: number;
  tags: number[];
  geometryAt: number;
}

interface RawLayer {
  name: string;
  extent: number;
  keys: string[];
  values: PropertyValue[];
  featuresAt: number[];
}

/** Decode one layer of a tile. A tile without that layer is empty, not an error. */
export function decodeTile(bytes: Uint8Array, layerName: string): DecodedTile {
  if (bytes.length === 0) return EMPTY_TILE;
  const pbf = new PbfReader(bytes);
  const layers: RawLayer[] = [];
  pbf.readFields((tag, into: RawLayer[]) => {
    if (tag === 3) into.push(readLayer(pbf));
  }, layers);
  const layer = layers.find((candidate) => candidate.name === layerName);
  if (!layer) return EMPTY_TILE;
  const features = layer.featuresAt.map((at) => readFeature(pbf, at, layer));
  return { extent: layer.extent, features };
}

function readLayer(pbf: PbfReader): RawLayer {
  const layer: RawLayer = { name: "", extent: 4096, keys: [], values: [], featuresAt: [] };
  const end = pbf.readVarint() + pbf.pos;
  pbf.readFields(
    (tag, into: RawLayer) => {
      if (tag === 1) into.name = pbf.readString();
      else if (tag === 2) into.featuresAt.push(pbf.pos);
      else if (tag === 3) into.keys.push(pbf.readString());
      else if (tag === 4) into.values.push(readValue(pbf));
      else if (tag === 5) into.extent = pbf.readVarint();
    },
    layer,
    end,
  );
  return layer;
}

function readValue(pbf: PbfReader): PropertyValue {
  let value: PropertyValue = 0;
  const end = pbf.readVarint() + pbf.pos;
  while (pbf.pos < end) {
    const word = pbf.readVarint();
    const tag = word >> 3;
    if (tag === 1) value = pbf.readString();
    else if (tag === 2) value = pbf.readFloat();
    else if (tag === 3) value = pbf.readDouble();
    else if (tag === 4) value = pbf.readVarint(true);
    else if (tag === 5) value = pbf.readVarint();
    else if (tag === 6) value = pbf.readSVarint();
    else if (tag === 7) value = pbf.readBoolean();
    else pbf.skip(word);
  }
  return value;
}

function readFeature(pbf: PbfReader, at: number, layer: RawLayer): TileFeature {
  pbf.pos = at;
  const raw: RawFeature = { type: 0, tags: [], geometryAt: -1 };
  const end = pbf.readVarint() + pbf.pos;
  pbf.readFields(
    (tag, into: RawFeature) => {
      if (tag === 2) into.tags = pbf.readPackedVarint();
      else if (tag === 3) into.type = pbf.readVarint();
      else if (tag === 4) into.geometryAt = pbf.pos;
    },
    raw,
    end,
  );
  const properties: Record<string, PropertyValue> = {};
  for (let i = 0; i + 1 < raw.tags.length; i += 2) {
    const key = layer.keys[raw.tags[i] ?? -1];
    const value = layer.values[raw.tags[i + 1] ?? -1];
    if (key !== undefined && value !== undefined) properties[key] = value;
  }
  return { type: raw.type, properties, ...readGeometry(pbf, raw.geometryAt) };
}

const MOVE_TO = 1;
const LINE_TO = 2;
const CLOSE = 7;

type Geometry = Pick<TileFeature, "xy" | "ends" | "minX" | "minY" | "maxX" | "maxY">;

function readGeometry(pbf: PbfReader, at: number): Geometry {
  const xy: number[] = [];
  const ends: number[] = [];
  let x = 0;
  let y = 0;
  let minX = Infinity;
  let minY = Infinity;
  let maxX = -Infinity;
  let maxY = -Infinity;
  if (at >= 0) {
    pbf.pos = at;
    const end = pbf.readVarint() + pbf.pos;
    while (pbf.pos < end) {
      const word = pbf.readVarint();
      const command = word & 7;
      if (command === CLOSE) continue;
      if (command !== MOVE_TO && command !== LINE_TO) break;
      if (command === MOVE_TO && xy.length > (ends[ends.length - 1] ?? 0)) ends.push(xy.length);
      for (let i = word >> 3; i > 0; i--) {
        x += pbf.readSVarint();
        y += pbf.readSVarint();
        xy.push(x, y);
        if (x < minX) minX = x;
        if (x > maxX) maxX = x;
        if (y < minY) minY = y;
        if (y > maxY) maxY = y;
      }
    }
    if (xy.length > (ends[ends.length - 1] ?? 0)) ends.push(xy.length);
  }
  return { xy: Int32Array.from(xy), ends: Int32Array.from(ends), minX, minY, maxX, maxY };
}

/** A numeric property, or the fallback when it is absent or no number. */
export function numberOf(feature: TileFeature, key: string, fallback = 0): number {
  const value = feature.properties[key];
  return typeof value === "number" ? value : fallback;
}
