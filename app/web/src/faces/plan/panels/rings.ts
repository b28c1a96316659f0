/** Rings of GeoJSON shapes, and the box around them. Degrees, lon before lat. Pure. */

export interface Shape {
  readonly type: string;
  readonly coordinates: unknown;
}

export type Ring = readonly (readonly [number, number])[];

/** Outer rings, holes and lines alike; none of a point. */
export function ringsOf({ type, coordinates }: Shape): readonly Ring[] {
  switch (type) {
    case "Polygon":
      return coordinates as Ring[];
    case "MultiPolygon":
      return (coordinates as Ring[][]).flat();
    case "LineString":
      return [coordinates as Ring];
    case "MultiLineString":
      return coordinates as Ring[];
    default:
      return [];
  }
}

/** west, south, east, north; null around nothing. */
export function boxOf(rings: readonly Ring[]): readonly [number, number, number, number] | null {
  let box: [number, number, number, number] | null = null;
  for (const [lon, lat] of rings.flat()) {
    box =
      box === null
        ? [lon, lat, lon, lat]
        : [Math.min(box[0], lon), Math.min(box[1], lat), Math.max(box[2], lon), Math.max(box[3], lat)];
  }
  return box;
}
