"use client";
import { useMutation } from "convex/react";
import { useState } from "react";
import { useAnonymousId } from "sessions-ops/react";
import { api } from "../../../convex/_generated/api";
import type { Id } from "../../../convex/_generated/dataModel";

export function AddToBasket({ product }: { product: Id<"products"> }) {
  // `null` on the server, and while the visitor has not agreed to be known.
  const anonymousId = useAnonymousId();
  const add = useMutation(api.basket.add);
  const [refusal, setRefusal] = useState<string>();
  if (anonymousId === null) return <p>The basket needs your consent.</p>;
  const put = async () => {
    const added = await add({ anonymousId, product });
    setRefusal(added.ok ? undefined : added.reason);
  };
  return (
    <>
      <button onClick={() => void put()}>Add to the basket</button>
      {refusal && <p role="alert">That did not work: {refusal}.</p>}
    </>
  );
}
