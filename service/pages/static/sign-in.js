// A link to a second of an episode survives signing in: browsers keep the fragment, but send it to no server.
"use strict";
{
  const fragment = location.hash;
  const wanted = document.querySelector("#sign-in [name=next]");
  const goOn = document.querySelector("#go-on");
  if (wanted && /^#t=[\d.]+$/.test(fragment)) {
    wanted.value += fragment;
    if (goOn) goOn.href += fragment;
  }
}
