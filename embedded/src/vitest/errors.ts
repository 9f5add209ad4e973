/** What went wrong with a deployment of a test. */
export type TestDeploymentErrorKind =
  /** No app is where one was looked for. */
  | "appNotFound"
  /** The official CLI could not push the app. */
  | "pushFailed"
  /** The deployment ended while a call was under way, or before it. */
  | "crashed"
  /** The deployment has been closed. */
  | "closed"
  /** A time or a length of time that is none, or that the clock cannot go to. */
  | "invalidTime"
  /** Something is under way that does not end. */
  | "notSettled"
  /** Fake timers of the test's own process stop what the deployment needs. */
  | "fakeTimers"
  /** What an identity says is not what a token can say, or nobody is signed in. */
  | "invalidIdentity"
  /** An option that is none, or that nothing in the app answers to. */
  | "invalidOption"
  /** The data could not be imported, for the reason that the message tells. */
  | "importFailed";

/** An error of a deployment of a test; what a function throws reaches the test as it is. */
export class TestDeploymentError extends Error {
  /** `TestDeploymentError`. */
  override readonly name = "TestDeploymentError";

  /** @internal */
  constructor(
    /** For programs. */
    readonly kind: TestDeploymentErrorKind,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
