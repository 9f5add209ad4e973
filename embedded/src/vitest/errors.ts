/** What went wrong with a deployment of a test. */
export type TestDeploymentErrorKind =
  /** No app is where one was looked for. */
  | "appNotFound"
  /** The official CLI could not push the app. */
  | "pushFailed"
  /** The deployment ended while a call was under way, or before it. */
  | "crashed"
  | "closed"
  /** A time or a length of time that is none, or that the clock cannot go to. */
  | "invalidTime"
  /** Something is under way that does not end. */
  | "notSettled"
  /** Fake timers of the test's own process stop what the deployment needs. */
  | "fakeTimers"
  | "invalidIdentity"
  | "importFailed";

/** An error of a deployment of a test; what a function throws reaches the test as it is. */
export class TestDeploymentError extends Error {
  override readonly name = "TestDeploymentError";

  constructor(
    readonly kind: TestDeploymentErrorKind,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
