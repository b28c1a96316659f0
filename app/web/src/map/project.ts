/** Web Mercator, as world pixels of 256-px tiles: what Leaflet's EPSG:3857 uses, without its objects. */

const MAX_LAT = 85.0511287798;

export function worldX(lon: number, zoom: number): number {
  return ((lon + 180) / 360) * 256 * 2 ** zoom;
}

export function worldY(lat: number, zoom: number): number {
  const sin = Math.sin((Math.max(-MAX_LAT, Math.min(MAX_LAT, lat)) * Math.PI) / 180);
  return (0.5 - Math.log((1 + sin) / (1 - sin)) / (4 * Math.PI)) * 256 * 2 ** zoom;
}
