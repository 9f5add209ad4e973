import { isStoreGone } from "../../errors.js";
import { HttpError } from "../http/http.js";
import type { Log } from "../log.js";
import { decodeTs } from "../snapshotPins.js";
import { ANONYMOUS, type AuthServices, type Caller } from "../auth/auth.js";
import { authenticateSession } from "./authentication.js";
import type { Speaker } from "./calls.js";
import { Intake } from "./intake.js";
import {
  parseClientMessage,
  type ActionResponse,
  type AuthenticateMessage,
  type CallMessage,
  type ClientMessage,
  type ConnectMessage,
  type ModifyMessage,
  type MutationResponse,
  type ServerMessage,
} from "./messages.js";
import { MutationLane } from "./mutationLane.js";
import type { LiveQueries } from "./queries/liveQueries.js";
import { QuerySet } from "./queries/querySet.js";
import {
  runAction,
  runMutationOnce,
  type RequestServices,
} from "./requests.js";
import { Transitions } from "./queries/transitions.js";
import type { WireText } from "./queries/transitionText.js";

/** Parts of the deployment that a session uses. */
export type SyncServices = RequestServices &
  AuthServices & {
    readonly liveQueries: LiveQueries;
    readonly log: Log;
  };

/** A session's connection. */
export interface SyncConnection {
  send(message: ServerMessage): void;
  /**
   * Sends a message that may be large, and have pieces that other connections send, too.
   * @param taken - called when the system has taken all of it
   */
  sendText(message: WireText, taken: () => void): void;
  /**
   * Closes the connection.
   * @param code - as WebSocket numbers them; the client shows the reason in its log
   */
  close(code: number, reason: string): void;
  /** Stops and continues reading from the client. */
  pause(): void;
  resume(): void;
  /** The address that the connection comes from. */
  readonly ip: string | null;
  header(name: string): string | undefined;
}

export const MAX_MESSAGE_BYTES = 17 * 1024 * 1024;

const POLICY_VIOLATION = 1008;
const INTERNAL_ERROR = 1011;

/** One client of the sync protocol, from its `Connect` to the end of its socket. */
export class SyncSession {
  readonly #services: SyncServices;
  readonly #connection: SyncConnection;
  readonly #queries: QuerySet;
  readonly #transitions: Transitions;
  readonly #mutations: MutationLane;
  readonly #intake: Intake;
  readonly #inbox: { text: string; taken: () => void }[] = [];
  #isReading = false;
  #isClosed = false;
  #sessionId: string | undefined;
  #speaker: Speaker;

  constructor(services: SyncServices, connection: SyncConnection) {
    this.#services = services;
    this.#connection = connection;
    this.#speaker = this.#speakAs(ANONYMOUS);
    this.#queries = new QuerySet(() => this.#transitions.wake());
    this.#mutations = new MutationLane((error) => this.#failed(error));
    this.#transitions = new Transitions({
      live: services.liveQueries,
      queries: this.#queries,
      speaker: () => this.#currentSpeaker(),
      unanswered: () => this.#mutations.unanswered,
      send: (transition, taken) => {
        if (!this.#isClosed) connection.sendText(transition, taken);
      },
      failed: (error) => this.#failed(error),
    });
    this.#intake = new Intake(connection);
  }

  /** Takes one message; messages are handled one after the other. */
  receive(text: string): void {
    if (this.#isClosed) return;
    this.#inbox.push({ text, taken: this.#intake.admit(text.length) });
    if (!this.#isReading) void this.#read();
  }

  /** Answers a message that is no text of the protocol. */
  refuse(error: string): void {
    if (this.#isClosed) return;
    this.#send({ type: "FatalError", error });
    this.#end(POLICY_VIOLATION, "FatalError");
  }

  /**
   * Ends the session of a closed socket. Resolves when nothing of the session uses the database.
   */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#inbox.length = 0;
    this.#queries.close();
    await Promise.all([this.#transitions.close(), this.#mutations.close()]);
    // A query that was running may have been settled meanwhile.
    this.#queries.close();
  }

  async #read(): Promise<void> {
    this.#isReading = true;
    try {
      for (
        let message = this.#inbox.shift();
        message !== undefined && !this.#isClosed;
        message = this.#inbox.shift()
      ) {
        await this.#handle(message.text);
        message.taken();
      }
    } catch (error) {
      this.#failed(error);
    } finally {
      this.#isReading = false;
    }
  }

  /** Handles a message; returns a promise only where later messages must wait. */
  #handle(text: string): Promise<void> | void {
    if (text.length > MAX_MESSAGE_BYTES) {
      return this.refuse(
        `The message has ${text.length} characters; the limit is ${MAX_MESSAGE_BYTES}.`,
      );
    }
    const message = parseClientMessage(text);
    if (message === undefined) {
      return this.refuse("The message is not one of the sync protocol.");
    }
    if (message.type === "Connect") return this.#connect(message);
    const sessionId = this.#sessionId;
    return sessionId === undefined
      ? this.refuse("The first message must be Connect.")
      : this.#dispatch(message, text.length);
  }

  #dispatch(
    message: Exclude<ClientMessage, ConnectMessage>,
    size: number,
  ): Promise<void> | void {
    switch (message.type) {
      case "Event":
        return;
      case "Authenticate":
        return this.#authenticate(message);
      case "ModifyQuerySet":
        return this.#modify(message);
      case "Mutation":
        return this.#mutate(message, this.#intake.admit(size));
      case "Action":
        return void this.#act(message, this.#intake.admit(size));
      default:
        message satisfies never;
    }
  }

  #connect({ sessionId, maxObservedTimestamp }: ConnectMessage): void {
    if (this.#sessionId !== undefined) {
      return this.refuse("Connect can only be the first message.");
    }
    this.#sessionId = sessionId;
    const latest = this.#services.database.latestTs;
    // The data directory was replaced by an older one, or the client moved here from another
    // deployment: the client's view must never go back in time.
    if (
      typeof maxObservedTimestamp === "string" &&
      decodeTs(maxObservedTimestamp) > latest
    ) {
      this.#end(
        POLICY_VIOLATION,
        `MaxObservedTimestampTooHigh: this deployment's latest commit is ${latest}`,
      );
    }
  }

  async #authenticate(message: AuthenticateMessage): Promise<void> {
    const { identity } = this.#transitions.received;
    if (message.baseVersion !== identity) {
      return this.refuse(
        `Authenticate is based on identity ${message.baseVersion}, but the session is at ${identity}.`,
      );
    }
    try {
      this.#speaker = this.#speakAs(
        await authenticateSession(message, this.#services),
      );
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      return this.#refuseIdentity(error, true);
    }
    this.#queries.invalidate();
    this.#transitions.advance({ identity: identity + 1 });
  }

  #modify({ baseVersion, newVersion, modifications }: ModifyMessage): void {
    const { querySet } = this.#transitions.received;
    if (baseVersion !== querySet || newVersion <= baseVersion) {
      return this.refuse(
        `ModifyQuerySet goes from ${baseVersion} to ${newVersion}, but the session is at ${querySet}.`,
      );
    }
    const problem = this.#queries.modify(modifications);
    if (problem !== undefined) return this.refuse(problem);
    this.#transitions.advance({ querySet: newVersion });
  }

  /** Runs a mutation as the user who sent it, whoever is signed in when its turn comes. */
  #mutate(message: CallMessage, answered: () => void): void {
    const speaker = this.#currentSpeaker();
    const sessionId = this.#sessionId ?? "";
    this.#mutations.push(async (committing) => {
      const origin = { sessionId, committing };
      const response = await runMutationOnce(
        this.#services,
        message,
        speaker,
        origin,
      );
      return () => {
        answered();
        this.#answer(response);
      };
    });
  }

  async #act(message: CallMessage, answered: () => void): Promise<void> {
    try {
      this.#answer(
        await runAction(this.#services, message, this.#currentSpeaker()),
      );
    } catch (error) {
      this.#failed(error);
    } finally {
      answered();
    }
  }

  /**
   * The user on the socket.
   * @throws HttpError when the user's token has expired
   */
  #currentSpeaker(): Speaker {
    const { caller } = this.#speaker;
    if (caller.role === "user") this.#services.tokens.checkStillValid(caller);
    return this.#speaker;
  }

  #answer(response: MutationResponse | ActionResponse): void {
    if (this.#isClosed) return;
    this.#send(response);
    this.#transitions.owe(this.#services.database.latestTs);
  }

  #send(message: ServerMessage): void {
    if (!this.#isClosed) this.#connection.send(message);
  }

  /**
   * Refuses the client's identity, so that it connects again with another token.
   * @param authUpdateAttempted - false: a token that was accepted has expired since
   */
  #refuseIdentity({ message }: HttpError, authUpdateAttempted: boolean): void {
    this.#send({
      type: "AuthError",
      error: message,
      baseVersion: this.#transitions.received.identity,
      authUpdateAttempted,
    });
    this.#end(POLICY_VIOLATION, "AuthError");
  }

  /**
   * Closes the connection after a failure of the deployment. The client connects again and repeats
   * unanswered requests: for those that had committed, their records answer.
   */
  #failed(error: unknown): void {
    if (this.#isClosed) return;
    if (error instanceof HttpError && error.status < 500) {
      return error.status === 401
        ? this.#refuseIdentity(error, false)
        : this.refuse(error.message);
    }
    // The store has logged it, once.
    if (!isStoreGone(error)) {
      this.#services.log(
        `A sync session failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      );
    }
    this.#end(
      INTERNAL_ERROR,
      "InternalServerError: the deployment's log says why",
    );
  }

  #end(code: number, reason: string): void {
    this.#connection.close(code, reason);
    void this.close();
  }

  #speakAs(caller: Caller): Speaker {
    const { ip } = this.#connection;
    return { caller, ip, header: (name) => this.#connection.header(name) };
  }
}
