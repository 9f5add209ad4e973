import {
  createServer,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { inject, onTestFinished } from "vitest";
import { startUnwatched, type Unwatched } from "./chromium.js";

/** The time for a page to be loaded, to ask what to do, and to do it. */
const TIMEOUT_MS = 60_000;

/**
 * A browser to which no debugger is attached. Each of its pages has a name, and asks the test over HTTP what
 * to do.
 */
export class Remote {
  readonly #pages = new Map<string, RemotePage>();
  readonly #server = createServer((asked, response) => {
    void this.#answer(asked, response);
  });
  #browser: Unwatched | undefined;

  /** Opens one without a browser yet, which is closed when the test is finished. */
  static async open(): Promise<Remote> {
    const remote = new Remote();
    await new Promise<void>((resolve) => {
      remote.#server.listen(0, "127.0.0.1", resolve);
    });
    onTestFinished(async () => {
      await remote.#browser?.close();
      const closed = new Promise((resolve) => remote.#server.close(resolve));
      remote.#server.closeAllConnections();
      await closed;
    });
    return remote;
  }

  /** A page by this name, which somebody has yet to load. */
  page(name: string, path: string): RemotePage {
    const { port } = this.#server.address() as AddressInfo;
    const page = new RemotePage(
      name,
      `http://127.0.0.1:${inject("pagePort")}${path}&remote=http://127.0.0.1:${port}/${name}`,
    );
    this.#pages.set(`/${name}`, page);
    return page;
  }

  /** Starts the browser, in which the visitor opens this page. */
  start({ address }: RemotePage): void {
    this.#browser = startUnwatched(address);
  }

  async #answer(asked: IncomingMessage, response: ServerResponse) {
    const said = Buffer.concat((await asked.toArray()) as Buffer[]).toString();
    const task = await this.#pages.get(asked.url ?? "")?.next(said);
    response.writeHead(task === undefined ? 404 : 200, {
      "Access-Control-Allow-Origin": "*",
      "Cache-Control": "no-store",
      "Content-Type": "text/javascript",
    });
    response.end(task);
  }
}

/** A page of such a browser, once that has loaded it. */
export class RemotePage {
  readonly name: string;
  readonly address: string;
  readonly #tasks: Task[] = [];
  #doing: Task | undefined;
  /** Answers the page, which has asked what to do. */
  #give: ((code: string) => void) | undefined;

  constructor(name: string, address: string) {
    this.name = name;
    this.address = address;
  }

  /** What this comes to in the page. It knows nothing but its argument, as it is sent as text. */
  evaluate<Result, Arg = undefined>(
    act: (arg: Arg) => Result,
    arg?: Arg,
  ): Promise<Awaited<Result>> {
    const code = `(${String(act)})(${JSON.stringify(arg)})`;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`The page "${this.name}" did not do ${code}.`)),
        TIMEOUT_MS,
      );
      const settle = ({ value, error }: Answer): void => {
        clearTimeout(timer);
        if (error === undefined) resolve(value as Awaited<Result>);
        else reject(new Error(`The page "${this.name}": ${error}`));
      };
      this.#tasks.push({ code, settle });
      this.#hand();
    });
  }

  /** Goes to another page by itself, as a link does that the visitor clicks. */
  async goTo({ address }: RemotePage): Promise<void> {
    await this.evaluate((href) => {
      // The answer is sent first.
      setTimeout(() => location.assign(href), 100);
    }, address);
  }

  /** What to do next, when there is something. `said`: the answer of what was done, if any. */
  next(said: string): Promise<string> {
    if (said !== "") this.#doing?.settle(JSON.parse(said) as Answer);
    this.#doing = undefined;
    return new Promise((resolve) => {
      this.#give = resolve;
      this.#hand();
    });
  }

  #hand(): void {
    if (this.#give === undefined) return;
    this.#doing = this.#tasks.shift();
    if (this.#doing === undefined) return;
    this.#give(this.#doing.code);
    this.#give = undefined;
  }
}

interface Task {
  code: string;
  settle: (answer: Answer) => void;
}

interface Answer {
  value?: unknown;
  error?: string;
}
