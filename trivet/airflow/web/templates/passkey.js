"use strict";
// asks the device and puts its answer into the form; nothing is sent by this script itself
const form = document.getElementById("passkey");
const alarm = form.querySelector(".alarm");

function bytes(text) {
  const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, letter => letter.charCodeAt(0));
}

function text(buffer) {
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function opened(options) {
  options.challenge = bytes(options.challenge);
  if (options.user) options.user.id = bytes(options.user.id);
  for (const name of ["allowCredentials", "excludeCredentials"])
    if (options[name]) options[name] = options[name].map(one => ({...one, id: bytes(one.id)}));
  return options;
}

function written(credential) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"])
    if (credential.response[name]) response[name] = text(credential.response[name]);
  return JSON.stringify({
    id: credential.id, rawId: text(credential.rawId), type: credential.type, response,
    clientExtensionResults: credential.getClientExtensionResults(),
  });
}

async function ask() {
  alarm.hidden = true;
  try {
    const publicKey = opened(JSON.parse(form.dataset.options));
    const credential = await navigator.credentials[form.dataset.does]({publicKey});
    form.elements.credential.value = written(credential);
    form.submit();
  } catch {
    alarm.hidden = false;
  }
}

form.querySelector("button").addEventListener("click", ask);
