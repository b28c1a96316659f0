/** A program to be told of an area: a name, an address, what of. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t, word } from "../../i18n";
import { fieldError } from "../../state/deed";
import { AreaChooser } from "../../ui/AreaChooser";
import { Side } from "../../ui/FaceFrame";
import { Labelled } from "../../ui/Labelled";
import { Refused } from "../../ui/Refused";
import { add, deeds, open, TOPICS, type Topic } from "./state";

export function NewWebhook(): JSX.Element {
  const [name, setName] = useState("");
  const [url, setUrl] = useState("https://");
  const [area, setArea] = useState(0);
  const [topics, setTopics] = useState<readonly Topic[]>(["incident.reported", "incident.changed"]);
  const problem = deeds.problem.value;
  return (
    <Side title={t("webhookAdd")} onClose={() => open("")}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void add(name.trim(), url.trim(), area, topics);
        }}
      >
        <Labelled id="h-name" label={t("webhookName")} hint={t("webhookNameHint")} error={fieldError(problem, "name")}>
          <input
            id="h-name"
            required
            maxLength={40}
            autocomplete="off"
            autocapitalize="none"
            spellcheck={false}
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </Labelled>
        <Labelled id="h-url" label={t("webhookUrl")} hint={t("webhookUrlHint")} error={fieldError(problem, "url")}>
          <input
            id="h-url"
            type="url"
            required
            maxLength={500}
            autocomplete="off"
            value={url}
            onInput={(event) => setUrl(event.currentTarget.value)}
          />
        </Labelled>
        <Labelled id="h-area" label={t("area")} error={fieldError(problem, "area")}>
          <AreaChooser id="h-area" value={area} onChoose={(found) => setArea(found?.code ?? 0)} />
        </Labelled>
        <fieldset>
          <legend>{t("webhookTopics")}</legend>
          {TOPICS.map((topic) => (
            <label key={topic} class="line">
              <input
                type="checkbox"
                checked={topics.includes(topic)}
                onChange={({ currentTarget: { checked } }) =>
                  setTopics(TOPICS.filter((one) => (one === topic ? checked : topics.includes(one))))
                }
              />
              {word("topic", topic)}
            </label>
          ))}
        </fieldset>
        <Refused problem={problem} but={["name", "url", "area"]} />
        <div class="form-actions">
          <button
            type="submit"
            class="button primary"
            disabled={deeds.busy.value !== "" || area === 0 || topics.length === 0}
          >
            {t("webhookAdd")}
          </button>
          <button type="button" class="button" onClick={() => open("")}>
            {t("cancel")}
          </button>
        </div>
      </form>
    </Side>
  );
}
