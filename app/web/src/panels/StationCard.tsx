/** One station: what it is, what it stands for. */
import type { JSX } from "preact";
import { t, word } from "../i18n";
import { stationDetail } from "../state/data";
import { goArea } from "../state/navigate";
import { Failed, Skeleton } from "../ui/states";
import { Card, Field } from "./Card";

export function StationCard({ id }: { id: number }): JSX.Element {
  const { data, error, loading } = stationDetail.value.value;
  if (error)
    return (
      <Card title={t("stations")}>
        <Failed what="what_card" problem={error} retry={stationDetail.retry} />
      </Card>
    );
  if (loading || data?.station_id !== id)
    return (
      <Card title={t("stations")}>
        <Skeleton rows={3} />
      </Card>
    );
  const code = data.area_code;
  return (
    <Card title={data.name} lead={<span class="chip plain">{word("kind", data.kind)}</span>}>
      <dl class="fields">
        <Field label={t("code")}>
          <span class="tabular">{data.code}</span>
        </Field>
      </dl>
      {code ? (
        <div class="card-actions">
          <button type="button" class="button" onClick={() => void goArea(code, { fly: true })}>
            {t("serves")}
          </button>
        </div>
      ) : null}
    </Card>
  );
}
