import {
  useConvexAuth,
  useMutation,
  usePaginatedQuery,
  useQuery,
} from "convex/react";
import { useEffect, useState } from "react";
import {
  useLinkUser,
  useOwnVisit,
  useSessionTracker,
  type Consent,
} from "sessions-ops/react";
import { api } from "../convex/_generated/api.js";
import {
  Ago,
  Button,
  Card,
  Notice,
  Pill,
  Table,
  useNow,
} from "../../ui/index.js";
import { signIn, useSignIn } from "./signIn.js";
import { trackingOptions } from "./tracking.js";

/** For how long a device that was signed out from another one is kept away. */
const BLOCK = { forMs: 86_400_000 };
const USERS = { ada: "Ada", bob: "Bob" };

/** A user's own devices, of which each can sign out the others. */
export function DevicesPage({ consent }: { consent: Consent }) {
  const { anonymousId, status, reset } = useSessionTracker(
    trackingOptions(consent),
  );
  const link = useLinkUser({ unlinkOnSignOut: true });
  // By this subscription the page hears at once that its session was ended from another device.
  useOwnVisit();
  const { user, error } = useSignIn();
  const { isAuthenticated } = useConvexAuth();
  const isRevoked = status === "revoked";
  useEffect(() => {
    // The block is the tracker's; to end the app's own sign-in is the app's.
    if (isRevoked) signIn(null);
  }, [isRevoked]);

  const name = USERS[user as keyof typeof USERS] as string | undefined;
  const isSignedIn = isAuthenticated && name !== undefined;
  return (
    <>
      <h1>Your devices</h1>
      {error !== null && <Notice tone="bad">{error}</Notice>}
      {link.error && <Notice tone="bad">{link.error.message}</Notice>}
      {isRevoked && (
        <Notice tone="bad">This device was signed out from another one.</Notice>
      )}
      {anonymousId === null && (
        <Notice tone="warn">
          Without consent nothing is known of this device: give it on the
          visitor&rsquo;s page.
        </Notice>
      )}
      {isSignedIn ? (
        <>
          <Devices anonymousId={anonymousId} />
          <div className="buttons">
            <Button onClick={() => signIn(null)}>Sign out as {name}</Button>
          </div>
        </>
      ) : (
        <Card title="Who are you?">
          <p>
            The web server of this example signs in whoever asks, without a
            password. Sign in as the same user in another browser, or in a
            private window, and each shows both.
          </p>
          <div className="buttons">
            {isRevoked ? (
              <Button isPrimary onClick={() => reset()}>
                Start anew
              </Button>
            ) : (
              Object.entries(USERS).map(([id, its]) => (
                <Button key={id} isPrimary onClick={() => signIn(id)}>
                  Sign in as {its}
                </Button>
              ))
            )}
          </div>
        </Card>
      )}
    </>
  );
}

function Devices({ anonymousId }: { anonymousId: string | null }) {
  const now = useNow();
  const own = useQuery(
    api.mine.session,
    anonymousId === null ? "skip" : { anonymousId },
  );
  const { results, status, loadMore } = usePaginatedQuery(
    api.sessions.getOwnSessions,
    {},
    { initialNumItems: 20 },
  );
  const end = useMutation(api.sessions.endOwnSession);
  const endOthers = useMutation(api.sessions.endOtherSessions);
  const [failure, setFailure] = useState<string | null>(null);
  const tell = (ending: Promise<unknown>) => {
    setFailure(null);
    ending.catch((error: unknown) => setFailure(String(error)));
  };

  const others = results
    .filter(({ sessionId }) => sessionId !== own?.sessionId)
    .filter(({ blockedUntil }) => blockedUntil === null)
    .map(({ sessionId }) => sessionId);
  return (
    <Card title="Signed in on">
      {failure !== null && <Notice tone="bad">{failure}</Notice>}
      <Table
        label="Your devices"
        columns={[
          {
            title: "Device",
            cell: ({ sessionId, entry }) => (
              <>
                {entry?.device ?? "unknown"}{" "}
                {sessionId === own?.sessionId && (
                  <Pill tone="good">this one</Pill>
                )}
              </>
            ),
          },
          {
            title: "Last active",
            cell: ({ lastActive }) => <Ago at={lastActive} now={now} />,
          },
          {
            title: "",
            cell: ({ sessionId, blockedUntil }) =>
              blockedUntil !== null ? (
                <Pill tone="bad">signed out</Pill>
              ) : others.includes(sessionId) && own ? (
                <Button onClick={() => tell(end({ sessionId, block: BLOCK }))}>
                  Sign out
                </Button>
              ) : null,
          },
        ]}
        rows={status === "LoadingFirstPage" ? undefined : results}
        keyOf={({ sessionId }) => sessionId}
        empty="None yet."
      />
      <div className="buttons">
        <Button
          isPrimary
          isDisabled={anonymousId === null || !own || others.length === 0}
          onClick={() => {
            if (anonymousId === null) return;
            tell(endOthers({ anonymousId, block: BLOCK }));
          }}
        >
          Sign out all others
        </Button>
        {status === "CanLoadMore" && (
          <Button onClick={() => loadMore(20)}>Show more</Button>
        )}
      </div>
    </Card>
  );
}
