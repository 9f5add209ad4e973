"use client";
import { useAuthActions } from "@convex-dev/auth/react";
import { Authenticated, Unauthenticated, useQuery } from "convex/react";
import Link from "next/link";
import { useRouter } from "next/navigation";
import { useAnonymousId, useSessionTracker } from "sessions-ops/react";
import { api } from "../convex/_generated/api";

export function Header() {
  const basket = useQuery(api.basket.get, { anonymousId: useAnonymousId() });
  const count = basket?.reduce((sum, { quantity }) => sum + quantity, 0) ?? 0;
  return (
    <header>
      <Link href="/">The shop</Link>
      <output aria-label="Basket">{count} in the basket</output>
      <Unauthenticated>
        <Link href="/sign-in">Sign in</Link>
      </Unauthenticated>
      <Authenticated>
        <Link href="/account">Account</Link>
        <SignOut />
      </Authenticated>
    </header>
  );
}

function SignOut() {
  const { signOut } = useAuthActions();
  const { reset } = useSessionTracker();
  const router = useRouter();
  const leave = async () => {
    await signOut();
    // Whoever uses this browser next is somebody new.
    reset();
    router.push("/");
  };
  return <button onClick={() => void leave()}>Sign out</button>;
}
