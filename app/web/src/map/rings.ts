/** A quiet ring where a case has just come in: seen without being chased. */
import L from "leaflet";

const STAYS_MS = 7000;
const AT_MOST = 30;

export class Rings {
  private readonly group = L.layerGroup();
  private shown = 0;

  constructor(map: L.Map) {
    this.group.addTo(map);
  }

  add(lon: number, lat: number): void {
    if (this.shown >= AT_MOST) return;
    this.shown++;
    const icon = L.divIcon({ className: "arrival-ring", iconSize: [34, 34] });
    const marker = L.marker([lat, lon], { icon, interactive: false, keyboard: false, pane: "rings" });
    this.group.addLayer(marker);
    window.setTimeout(() => {
      this.group.removeLayer(marker);
      this.shown--;
    }, STAYS_MS);
  }
}
