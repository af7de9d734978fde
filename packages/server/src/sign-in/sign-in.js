/** The page where people sign in, and see to what they sign in with. The session is in a cookie that this script cannot read. */

const byId = id => document.getElementById(id)
const message = byId('message')

/** The secret of an invitation, which never leaves the browser with the address. */
const secret = location.hash.slice(1)
history.replaceState(null, '', location.pathname)

async function ask(method, path, body) {
  const response = await fetch(`v1${path}`, {
    method,
    ...(body && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
  })
  const answer = response.status === 204 ? undefined : await response.json()
  if (!response.ok) throw Object.assign(new Error(answer.detail), { status: response.status })
  return answer
}

function say(text, wrong = false) {
  message.textContent = text
  message.classList.toggle('wrong', wrong)
  if (wrong) message.focus()
}

/** Shows one part of the page, and puts the focus where it begins. */
function show(id) {
  for (const section of document.querySelectorAll('section')) section.hidden = section.id !== id
  byId(id).querySelector('input:not([hidden]), button')?.focus()
}

let busy = false

/** While something is under way, nothing else is begun. */
async function run(work) {
  if (busy) return
  busy = true
  document.body.setAttribute('aria-busy', 'true')
  say('')
  try {
    await work()
  } catch (error) {
    say(error.name === 'NotAllowedError' ? 'No passkey was used.' : error.message, true)
  } finally {
    busy = false
    document.body.removeAttribute('aria-busy')
  }
}

function onSubmit(id, work) {
  const form = byId(id)
  form.addEventListener('submit', event => {
    event.preventDefault()
    const values = Object.fromEntries(new FormData(form))
    run(async () => {
      if ('again' in values && values.again !== values.password)
        throw new Error('The password was not the same both times.')
      await work(values)
      form.reset()
    })
  })
}

function onClick(button, work) {
  button.addEventListener('click', () => run(work))
}

async function createPasskey(options) {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options)
  return (await navigator.credentials.create({ publicKey })).toJSON()
}

async function signInWithPasskey() {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(await ask('POST', '/sessions/challenge'))
  const credential = await navigator.credentials.get({ publicKey })
  await ask('POST', '/sessions/passkey?cookie=true', { response: credential.toJSON() })
  await showAccount()
}

async function showInvitation() {
  const { name, tenant, passkey } = await ask('POST', '/invitations/challenge', { secret })
  byId('invited-name').textContent = name
  byId('invited-tenant').textContent = tenant
  byId('invitation-passkey-form').hidden = passkey === undefined
  for (const input of document.querySelectorAll('[name=username]')) input.value = name
  show('invitation')
}

async function showAccount() {
  const [me, { passwordSince, passkeys, sessions }] = await Promise.all([ask('GET', '/me'), ask('GET', '/me/sign-in')])
  byId('who').textContent = me.tenant === undefined ? me.name : `${me.name} of ${me.tenant}`
  byId('roles').textContent = me.roles.join(', ')
  for (const input of document.querySelectorAll('[name=username]')) input.value = me.name
  byId('password-since').textContent = passwordSince ? `Set ${date(passwordSince)}.` : 'There is none.'
  byId('current-part').hidden = passwordSince === undefined
  list(
    'passkeys',
    passkeys,
    ({ name, lastUsedAt }) => `${name}, ${lastUsedAt ? `used ${date(lastUsedAt)}` : 'not used yet'}`,
    {
      word: 'Remove',
      take: ({ id }) => ask('DELETE', `/me/passkeys/${id}`),
    },
  )
  list(
    'sessions',
    sessions,
    ({ way, client, address, lastUsedAt }) => `${way}, ${address}, ${client}, used ${date(lastUsedAt)}`,
    {
      word: 'End',
      take: ({ id }) => ask('DELETE', `/me/sessions/${id}`),
    },
  )
  show('account')
}

function list(id, items, words, { word, take }) {
  const rows = items.map(item => {
    const row = document.createElement('li')
    const button = document.createElement('button')
    button.type = 'button'
    button.textContent = word
    button.setAttribute('aria-label', `${word}: ${words(item)}`)
    onClick(button, async () => {
      await take(item)
      await start()
    })
    row.append(words(item), button)
    return row
  })
  byId(id).replaceChildren(...rows)
}

function date(text) {
  return new Date(text).toLocaleString()
}

/** Whoever is signed in sees that; who is not, the way in. */
async function start() {
  try {
    await showAccount()
  } catch (error) {
    if (error.status !== 401 && error.status !== 429) throw error
    show('sign-in')
  }
}

onSubmit('password-form', async values => {
  await ask('POST', '/sessions?cookie=true', values)
  await showAccount()
})
onClick(byId('use-passkey'), signInWithPasskey)
onSubmit('invitation-password-form', async ({ password }) => {
  await ask('POST', '/invitations/accept?cookie=true', { secret, password })
  await showAccount()
})
onSubmit('invitation-passkey-form', async ({ name }) => {
  // Each challenge is good once.
  const { passkey } = await ask('POST', '/invitations/challenge', { secret })
  const response = await createPasskey(passkey)
  await ask('POST', '/invitations/accept?cookie=true', { secret, passkey: { name, response } })
  await showAccount()
})
onSubmit('passkey-form', async ({ name }) => {
  const response = await createPasskey(await ask('POST', '/me/passkeys/challenge'))
  await ask('POST', '/me/passkeys', { name, response })
  await showAccount()
  say(`The passkey ${name} is there.`)
})
onSubmit('change-form', async ({ current, password }) => {
  await ask('PUT', '/me/password', { ...(current && { current }), password })
  await showAccount()
  say('The password is set. Other sessions have ended.')
})
onClick(byId('sign-out'), async () => {
  await ask('DELETE', '/me/session')
  show('sign-in')
  say('You are signed out.')
})

byId('use-passkey').hidden = !('PublicKeyCredential' in window)
run(secret === '' ? start : showInvitation)
