/** The outline of the chosen area, from its full boundary. */
import type { OverlayFrame } from "./overlay";
import type { Palette } from "./palette";
import { worldX, worldY } from "./project";

type Ring = readonly (readonly [number, number])[];

export function readOutline(geometry: { type: string; coordinates: unknown }): readonly Ring[] {
  if (geometry.type === "Polygon") return geometry.coordinates as Ring[];
  if (geometry.type === "MultiPolygon") return (geometry.coordinates as Ring[][]).flat();
  return [];
}

export function drawOutline(frame: OverlayFrame, rings: readonly Ring[], palette: Palette): void {
  const { ctx, zoom } = frame;
  ctx.beginPath();
  for (const ring of rings) {
    ring.forEach(([lon, lat], i) => {
      const x = worldX(lon, zoom) - frame.originX;
      const y = worldY(lat, zoom) - frame.originY;
      if (i === 0) ctx.moveTo(x, y);
      else ctx.lineTo(x, y);
    });
    ctx.closePath();
  }
  ctx.lineJoin = "round";
  ctx.strokeStyle = palette.halo;
  ctx.lineWidth = 5.5;
  ctx.stroke();
  ctx.strokeStyle = palette.select;
  ctx.lineWidth = 2.4;
  ctx.stroke();
}
