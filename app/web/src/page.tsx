/** The page of somebody who is signed in; loaded only then, because all of it asks the server. */
import { render } from "preact";
import "leaflet/dist/leaflet.css";
import "./styles/panels.css";
import "./styles/map.css";
import { App } from "./app";
import { mapHandle } from "./state/actions";
import { startKeys } from "./state/keys";
import { startLive } from "./state/livefeed";
import { activeGrant } from "./state/session";
import { mode, place, syncUrl } from "./state/store";
import { startWatching } from "./state/watching";

export function startPage(root: HTMLElement): void {
  if (activeGrant()?.role === "wall_display") mode.value = "wall";
  document.documentElement.dataset["mode"] = mode.value;
  render(<App />, root);
  startLive();
  startWatching();
  startKeys();
  syncUrl(() => {
    if (place.value) mapHandle.value?.jump(place.value);
  });
}
