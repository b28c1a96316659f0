/** Heat: tiles painted by the server, in honest units; here only which ones, and how their loading goes. */
import L from "leaflet";
import { at } from "../api/base";
import { queryString } from "../api/client";
import { Problem } from "../api/problem";
import { filter } from "../state/data";
import { bandwidth_m, layerOn } from "../state/store";
import { MAX_ZOOM, MIN_ZOOM } from "./base";
import { layerStatus, setStatus } from "./status";

export class HeatLayer {
  private readonly tiles = new L.TileLayer("", { pane: "heat", minZoom: MIN_ZOOM, maxZoom: MAX_ZOOM });
  private failed = false;

  constructor() {
    this.tiles.on("loading", () => {
      this.failed = false;
      setStatus("heat", { ...layerStatus.peek().heat, loading: true, error: null });
    });
    this.tiles.on("tileerror", () => (this.failed = true));
    this.tiles.on("load", () => {
      const error = this.failed ? new Problem(0, "tiles", "", [], null) : null;
      setStatus("heat", { loading: false, error, at: Date.now() });
    });
  }

  /** Show what the page's state asks for; run inside an effect. */
  follow(map: L.Map): void {
    if (!layerOn("heat")) {
      this.tiles.remove();
      return;
    }
    const { since, until, area, category } = filter.value;
    const query = queryString({ since, until, area, category, bandwidth_m: bandwidth_m.value });
    const url = at(`/heat/{z}/{x}/{y}.png${query}`);
    const shown = map.hasLayer(this.tiles);
    this.tiles.setUrl(url, !shown);
    if (!shown) this.tiles.addTo(map);
  }
}
