import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import type { Tab } from "./tab.js";

/** What browsers keep alive for a page at a time: bytes of all requests' bodies. */
const LIMIT = 65_536;
const TRIES = 100;

/** A server of somebody else's that answers nothing until it is told to. */
export class Silence {
  #onTaken = (): void => {};
  #answer = (): void => {};
  #answered: Promise<unknown> = Promise.resolve();
  readonly #server = createServer((asked, response) => {
    asked.resume();
    this.#answer = () => {
      response.writeHead(204, { "Access-Control-Allow-Origin": "*" });
      response.end();
    };
    this.#onTaken();
  });

  /** Opens one, which is closed when the test is finished. */
  static async open(): Promise<Silence> {
    const silence = new Silence();
    await new Promise<void>((resolve) => {
      silence.#server.listen(0, "127.0.0.1", resolve);
    });
    onTestFinished(async () => {
      const closed = new Promise((resolve) => silence.#server.close(resolve));
      silence.#server.closeAllConnections();
      await closed;
    });
    return silence;
  }

  /** Has another script of the page send so much here that the browser keeps no byte more alive. */
  async fill({ page }: Tab): Promise<void> {
    const { port } = this.#server.address() as AddressInfo;
    const send = () =>
      page.evaluate(
        ([url, body]) =>
          fetch(url, { method: "POST", keepalive: true, body }).then(
            () => true,
            () => false,
          ),
        [`http://127.0.0.1:${port}`, "x".repeat(LIMIT)] as const,
      );
    for (let tries = 0; tries < TRIES; tries += 1) {
      const taken = new Promise<true>((resolve) => {
        this.#onTaken = () => resolve(true);
      });
      const answered = send();
      // It is no longer the page's when that has gone.
      this.#answered = answered.catch(() => {});
      // While the tracker has a call out, there is no room for as much.
      if (await Promise.race([taken, answered])) return;
    }
    throw new Error(`The browser kept no ${LIMIT} bytes alive.`);
  }

  /** Answers, so that the page may have as much kept alive as before. */
  async end(): Promise<void> {
    this.#answer();
    await this.#answered;
  }
}
