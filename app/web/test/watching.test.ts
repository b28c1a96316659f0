import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { get, write } from "../src/api/client";
import { Problem } from "../src/api/problem";
import { asking, askPassword } from "../src/state/password";
import { forgetEverything, resource } from "../src/state/resource";
import { isLocked, session, setWatching, watching, type SessionInfo } from "../src/state/session";

vi.stubGlobal("window", globalThis);

const INFO: SessionInfo = {
  user: "desk_7",
  demo: false,
  grants: [],
  active: 1,
  operations: ["list_incidents", "take_step"],
  watching: false,
  open_while_watching: ["list_incidents"],
  header_token: "x",
  has_password: true,
  linked: false,
  first_password: false,
  awaits_code: false,
  by_provider: false,
  needs_second_factor: false,
  second_factor: false,
  recovery_codes: 0,
  stepped_up_until: null,
};

/** A server that asks for the password before it does anything, until it was given. */
let server: Server;
let base = "";
let given = false;
let asked = 0;

beforeAll(async () => {
  server = createServer((_, answer) => {
    asked++;
    answer.writeHead(given ? 200 : 403, { "content-type": "application/json" });
    answer.end(JSON.stringify(given ? { done: asked } : { type: "/problems/password-again", title: "t", detail: "d" }));
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());
beforeEach(() => {
  session.value = INFO;
  asking.value = null;
  given = false;
  asked = 0;
});

describe("a session that only watches", () => {
  test("locks what does not stay open, and nothing while it acts", () => {
    expect([isLocked("take_step"), isLocked("list_incidents")]).toEqual([false, false]);
    setWatching(true);
    expect([isLocked("take_step"), isLocked("list_incidents")]).toEqual([true, false]);
  });

  test("a write asks for the password once, and is made again", async () => {
    const first = write<{ done: number }>("POST", `${base}/a`);
    const second = write<{ done: number }>("POST", `${base}/b`);
    await expect.poll(() => asked).toBe(2);
    await expect.poll(() => asking.value?.why).toBe("watching");
    expect(watching.value).toBe(true);
    given = true;
    asking.value?.done(true);
    expect([(await first).done, (await second).done].sort()).toEqual([3, 4]);
    expect(asking.value).toBe(null);
  });

  test("a write whose dialog is closed says why it was not made", async () => {
    const refused = write("POST", `${base}/a`).catch((reason: unknown) => reason);
    await expect.poll(() => asking.value).not.toBe(null);
    asking.value?.done(false);
    const problem = await refused;
    expect(problem).toBeInstanceOf(Problem);
    expect((problem as Problem).kind).toBe("password-again");
    expect(asked).toBe(1);
  });

  test("what the page only reads asks nobody", async () => {
    await expect(get(`${base}/a`)).rejects.toMatchObject({ kind: "password-again" });
    expect(asking.value).toBe(null);
    expect(watching.value).toBe(true);
  });

  test("who asks while somebody is asked already waits for the same answer", async () => {
    const answers = [askPassword("protected"), askPassword("watching")];
    asking.value?.done(true);
    expect(await Promise.all(answers)).toEqual([true, true]);
  });

  test("what the page held is forgotten, and asked for again", async () => {
    let texts = ["a text", "no text"];
    const kept = resource(() => ({ id: "cases|", ask: () => Promise.resolve(texts[0]) }));
    await expect.poll(() => kept.value.value.data).toBe("a text");
    texts = texts.slice(1);
    forgetEverything();
    expect(kept.value.value.data).toBe(null);
    await expect.poll(() => kept.value.value.data).toBe("no text");
  });
});
