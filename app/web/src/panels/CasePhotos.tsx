/** Photos of a case: before and after side by side, near and far below; a camera is one press away on a phone. */
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { at } from "../api/base";
import { caseApi, PHOTO_KINDS, type CaseDetail, type Photo, type PhotoKind } from "../api/cases";
import { asProblem, type Problem } from "../api/problem";
import { t, word } from "../i18n";
import { incidentDetail } from "../state/data";
import { resource } from "../state/resource";
import { may } from "../state/session";
import { nowTick } from "../state/store";
import { Confirm } from "../ui/Confirm";
import { Dialog } from "../ui/Dialog";
import { moment } from "../ui/format";
import { Icon } from "../ui/icons";
import { Segments } from "../ui/Segments";
import { Failed, reason as whyNot, Skeleton } from "../ui/states";

const again = signal(0);

const photos = resource(() => {
  const detail: CaseDetail | null = incidentDetail.value.value.data;
  if (!detail || !may("list_attachments")) return null;
  const { id, attachments } = detail;
  return {
    id: `photos${id}|${attachments}.${again.value}`,
    ask: async (signal) => ({ id, items: (await caseApi.photos(id, signal)).items }),
  };
});

export function CasePhotos({ incident }: { incident: CaseDetail }): JSX.Element | null {
  const [open, setOpen] = useState<Photo | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const { data, error } = photos.value.value;
  const canAdd = may("add_attachment") && incident.stage !== "closed";
  if (!may("list_attachments")) return null;
  const items = data?.id === incident.id ? data.items : null;
  if (items?.length === 0 && !canAdd) return null;
  return (
    <section class="case-part">
      <h3>{t("photos")}</h3>
      {error && !items ? <Failed what="what_photos" problem={error} retry={photos.retry} /> : null}
      {!items && !error ? <Skeleton rows={1} /> : null}
      {items && items.length > 0 ? <Thumbs items={items} onOpen={setOpen} /> : null}
      {problem ? (
        <p class="field-error" role="alert">
          {whyNot(problem)}
        </p>
      ) : null}
      {canAdd ? <AddPhoto incident={incident} /> : null}
      {open ? (
        <Dialog title={word("photo", open.kind)} wide onClose={() => setOpen(null)}>
          <img
            class="photo-full"
            src={at(open.url)}
            alt={word("photo", open.kind)}
            width={open.width}
            height={open.height}
          />
          <div class="line apart">
            <span class="soft tabular">{moment(open.at, nowTick.peek())}</span>
            {may("delete_attachment") && incident.stage !== "closed" ? (
              <Confirm
                text={t("contactErase")}
                sure={t("contactEraseSure")}
                onSure={() =>
                  void remove(open).then((failed) => {
                    setProblem(failed);
                    setOpen(null);
                  })
                }
              />
            ) : null}
          </div>
        </Dialog>
      ) : null}
    </section>
  );
}

async function remove(photo: Photo): Promise<Problem | null> {
  try {
    await caseApi.removePhoto(photo.id);
    again.value++;
    return null;
  } catch (thrown) {
    return asProblem(thrown);
  }
}

function Thumbs({ items, onOpen }: { items: readonly Photo[]; onOpen: (photo: Photo) => void }): JSX.Element {
  const ordered = PHOTO_KINDS.flatMap((kind) => items.filter((photo) => photo.kind === kind));
  return (
    <ul class="thumbs">
      {ordered.map((photo) => (
        <li key={photo.id}>
          <button
            type="button"
            onClick={() => onOpen(photo)}
            aria-label={`${word("photo", photo.kind)} ${moment(photo.at, nowTick.peek())}`}
          >
            <img src={at(photo.thumb_url)} alt="" loading="lazy" />
            <span>{word("photo", photo.kind)}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}

function AddPhoto({ incident }: { incident: CaseDetail }): JSX.Element {
  const handled = ["handling", "checking"].includes(incident.stage);
  const [kind, setKind] = useState<PhotoKind>(handled ? "after" : "before");
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const send = async (file: File | undefined): Promise<void> => {
    if (!file) return;
    setBusy(true);
    setProblem(null);
    try {
      await caseApi.addPhoto(incident.id, kind, file);
      again.value++;
    } catch (thrown) {
      setProblem(asProblem(thrown));
    } finally {
      setBusy(false);
      if (input.current) input.current.value = "";
    }
  };
  return (
    <div class="add-photo">
      <Segments
        label={t("photoKind")}
        options={PHOTO_KINDS.map((value) => ({ value, text: word("photo", value) }))}
        value={kind}
        onChange={setKind}
      />
      <label class={`button ${busy ? "is-busy" : ""}`}>
        <Icon name="camera" />
        {t(busy ? "photoSending" : "photoAdd")}
        <input
          ref={input}
          class="file-input"
          type="file"
          accept="image/jpeg,image/png,image/webp"
          capture="environment"
          disabled={busy}
          onChange={(event) => void send(event.currentTarget.files?.[0])}
        />
      </label>
      {problem ? (
        <p class="field-error" role="alert">
          {whyNot(problem)}
        </p>
      ) : null}
    </div>
  );
}
