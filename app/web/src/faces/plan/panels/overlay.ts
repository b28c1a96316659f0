/** What the panels lay over the map: what does not fit about an import, else the seams that are listed. */
import { effect } from "@preact/signals";
import { laid, type Laid } from "../state";
import { answer } from "./imports";
import { ringsOf } from "./rings";
import { seams } from "./seams";

effect(() => {
  const report = answer.value?.report;
  const found = seams.value.value.data?.seams ?? [];
  laid.value = report
    ? report.features.features.map((feature): Laid => ({
        kind: feature.properties.kind,
        rings: ringsOf(feature.geometry),
      }))
    : found.map((seam): Laid => ({ kind: "seam", rings: ringsOf(seam.geometry) }));
});
