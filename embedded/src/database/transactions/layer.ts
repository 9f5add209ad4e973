import { EmbeddedError } from "../../errors.js";

/** A nested call in a transaction; it ends once, by a commit or a rollback. */
export class TransactionLayer {
  readonly #end: (outcome: "commit" | "rollback") => void;
  #isOpen = true;

  constructor(end: (outcome: "commit" | "rollback") => void) {
    this.#end = end;
  }

  commit(): void {
    this.#close("commit");
  }

  rollback(): void {
    this.#close("rollback");
  }

  #close(outcome: "commit" | "rollback"): void {
    if (!this.#isOpen) {
      throw new EmbeddedError(
        "transactionClosed",
        `A nested transaction was asked to ${outcome} after it had ended.`,
      );
    }
    this.#isOpen = false;
    this.#end(outcome);
  }
}
