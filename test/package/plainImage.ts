/** Performs a Dockerfile's steps as plain processes in a folder, for machines without Docker. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { DockerfileParser } from "dockerfile-ast";

interface Step {
  keyword: string;
  /** What follows it, without options such as `--chown`. */
  text: string;
}

/** What a Dockerfile says, and what the ignore file beside it keeps out. */
export class Recipe {
  readonly steps: Step[];
  readonly ignored: string[];

  constructor(file: string) {
    this.steps = DockerfileParser.parse(readFileSync(file, "utf8"))
      .getInstructions()
      .map((step) => ({
        keyword: step.getKeyword(),
        text: step.getRawArgumentsContent() ?? "",
      }));
    this.ignored = readFileSync(`${file}.dockerignore`, "utf8")
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"));
  }

  /** What follows the one step with that keyword. */
  textOf(keyword: string): string {
    const found = this.steps.filter((step) => step.keyword === keyword);
    if (found.length !== 1) throw new Error(`${found.length} ${keyword}`);
    return found[0]?.text ?? "";
  }

  /** The program and its arguments, which are given as JSON, so that no shell is between it and signals. */
  programOf(keyword: "ENTRYPOINT" | "HEALTHCHECK"): string[] {
    return JSON.parse(this.textOf(keyword).replace(/^CMD /, "")) as string[];
  }
}

/** The image's folders, in one of this machine. */
export class PlainImage {
  readonly #recipe: Recipe;
  readonly #folder: string;
  readonly #ports: Record<string, number>;

  /** @param ports those of this machine in the place of the image's */
  constructor(recipe: Recipe, folder: string, ports: Record<string, number>) {
    this.#recipe = recipe;
    this.#folder = folder;
    this.#ports = ports;
    mkdirSync(this.inside("/home"), { recursive: true });
  }

  /** The path on this machine of one in the image. */
  inside(path: string): string {
    return join(this.#folder, path);
  }

  /** Performs the steps up to the program that it runs. @throws where one fails */
  build(context: string): void {
    let cwd = this.#folder;
    for (const { keyword, text } of this.#recipe.steps) {
      if (keyword === "WORKDIR") cwd = this.#here(text);
      if (keyword === "COPY") this.#copy(context, text.split(" "), cwd);
      if (keyword === "RUN") this.#run(text, cwd);
    }
  }

  /** Starts the program, with what is said after the image's name. */
  start(...args: string[]): ChildProcess {
    const [program = "", ...given] = this.#hereOf("ENTRYPOINT");
    return spawn(join(this.#workdir, program), [...given, ...args], {
      cwd: this.#workdir,
      env: this.#env,
    });
  }

  async isHealthy(): Promise<boolean> {
    const [program = "", ...args] = this.#hereOf("HEALTHCHECK");
    const check = spawn(program, args, {
      ...{ cwd: this.#workdir, env: this.#env },
      stdio: "ignore",
    });
    const [code] = (await once(check, "exit")) as [number | null];
    return code === 0;
  }

  get #workdir(): string {
    return this.#here(this.#recipe.textOf("WORKDIR"));
  }

  get #env() {
    // The variables of an image of Node, and none of this process.
    return {
      PATH: process.env["PATH"],
      HOME: this.inside("/home"),
      npm_config_cache: this.inside("/home/.npm"),
    };
  }

  #hereOf(keyword: "ENTRYPOINT" | "HEALTHCHECK"): string[] {
    return this.#recipe.programOf(keyword).map((word) => this.#here(word));
  }

  /** A text with the folders and the ports of this machine. */
  #here(text: string): string {
    let here = text.replace(/(?<![\w./-])\/(app|data)\b/g, (path) =>
      this.inside(path),
    );
    for (const [port, other] of Object.entries(this.#ports)) {
      here = here.replaceAll(port, String(other));
    }
    return here;
  }

  #run(text: string, cwd: string): void {
    // Nobody here is the image's user.
    const line = `set -e; chown() { :; }; ${this.#here(text)}`;
    const done = spawnSync("sh", ["-c", line], { cwd, env: this.#env });
    if (done.status !== 0)
      throw new Error(`RUN ${text}: ${String(done.stderr)}`);
  }

  #copy(context: string, words: string[], cwd: string): void {
    const target = join(cwd, words.pop() ?? "");
    const names = readdirSync(context);
    for (const word of words) {
      const found = word === "." ? names : names.filter(globOf(word));
      // A pattern may match nothing; a name has to.
      if (found.length === 0 && !word.includes("*")) {
        throw new Error(`There is no ${word} to COPY.`);
      }
      for (const name of found) {
        cpSync(join(context, name), join(target, name), {
          recursive: true,
          filter: (path) => !this.#isIgnored(basename(path)),
        });
      }
    }
  }

  #isIgnored(name: string): boolean {
    return this.#recipe.ignored.some((pattern) => {
      if (!pattern.startsWith("**/")) throw new Error(`Unread: ${pattern}`);
      return globOf(pattern.slice(3))(name);
    });
  }
}

/** Whether a name matches the pattern, in which `*` is any characters. */
function globOf(pattern: string): (name: string) => boolean {
  const source = pattern
    .split("*")
    .map((part) => part.replace(/[.]/g, "\\."))
    .join(".*");
  return (name) => new RegExp(`^${source}$`).test(name);
}
