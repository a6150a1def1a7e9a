//! The token matrix: one thing is wrong with each, and none opens anything.

use ring::hmac;
use satchel::api::oauth::Algorithm;
use serde_json::{Value, json};

use super::issuer::{Pair, encoded};
use super::stage::{ISSUER, METADATA, PUBLIC, Set, Stage};

/// How a token is made that is wrong in one way.
type Wrong = fn(&Stage) -> String;

fn of_claims(change: Value) -> impl Fn(&Stage) -> String {
    move |stage| stage.token(&change)
}

/// A token whose header is this, and whose claims are as they should be.
fn of_header(stage: &Stage, header: &Value) -> String {
    stage.pair.token_of(&header.to_string(), &stage.claims(&json!({})).to_string())
}

/// A token under a secret that both sides would have to know.
fn by_secret(stage: &Stage, secret: &[u8]) -> String {
    let header = json!({"alg": "HS256", "typ": "at+jwt", "kid": "k1"});
    let message = format!("{}.{}", encoded(header.to_string()), encoded(stage.claims(&json!({})).to_string()));
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes());
    format!("{message}.{}", encoded(tag))
}

/// Claims with one more member before the last brace, as text.
fn with_text(stage: &Stage, member: &str) -> String {
    let claims = stage.claims(&json!({})).to_string();
    let header = json!({"alg": stage.pair.algorithm(), "kid": "k1"}).to_string();
    stage.pair.token_of(&header, &format!("{},{member}}}", claims.strip_suffix('}').unwrap()))
}

/// What is wrong with its header, its signature, or its shape.
const FORGED: [(&str, Wrong); 21] = [
    ("no algorithm, and no signature", |stage| {
        let token = of_header(stage, &json!({"alg": "none"}));
        format!("{}.", token.rsplit_once('.').unwrap().0)
    }),
    ("no algorithm, with a signature", |stage| of_header(stage, &json!({"alg": "none", "kid": "k1"}))),
    ("another way of writing none", |stage| of_header(stage, &json!({"alg": "nOnE", "kid": "k1"}))),
    ("the public key as a secret", |stage| by_secret(stage, &stage.pair.public_bytes())),
    ("the public key as it is given out, as a secret", |stage| by_secret(stage, stage.pair.public("k1").to_string().as_bytes())),
    ("an empty secret", |stage| by_secret(stage, b"")),
    ("an algorithm that its issuer does not sign with", |stage| of_header(stage, &json!({"alg": "PS256", "kid": "k1"}))),
    ("an algorithm of another kind of key", |stage| of_header(stage, &json!({"alg": "ES256", "kid": "k1"}))),
    ("a larger hash", |stage| of_header(stage, &json!({"alg": "RS512", "kid": "k1"}))),
    ("the type of an identity", |stage| of_header(stage, &json!({"alg": "RS256", "kid": "k1", "typ": "id+jwt"}))),
    ("the type of the end of a session", |stage| of_header(stage, &json!({"alg": "RS256", "kid": "k1", "typ": "logout+jwt"}))),
    ("a critical extension", |stage| of_header(stage, &json!({"alg": "RS256", "kid": "k1", "crit": ["b64"], "b64": false}))),
    ("a name of a key that is none", |stage| of_header(stage, &json!({"alg": "RS256", "kid": 7}))),
    ("the name of a key that its issuer does not have", |stage| of_header(stage, &json!({"alg": "RS256", "kid": "k2"}))),
    ("a key of its own that it brings along", |stage| {
        let pair = Pair::p256();
        let header = json!({"alg": "ES256", "jwk": pair.public("own"), "kid": "own", "jku": "https://evil.example/keys"});
        pair.token_of(&header.to_string(), &stage.claims(&json!({})).to_string())
    }),
    ("another key under the name of the issuer's", |stage| {
        Pair::p256().token_of(&json!({"alg": "RS256", "kid": "k1"}).to_string(), &stage.claims(&json!({})).to_string())
    }),
    ("an algorithm that stands twice", |stage| {
        stage.pair.token_of(r#"{"alg":"RS256","kid":"k1","alg":"RS256"}"#, &stage.claims(&json!({})).to_string())
    }),
    ("claims that were changed", |stage| {
        let token = stage.token(&json!({}));
        let parts: Vec<&str> = token.split('.').collect();
        format!("{}.{}.{}", parts[0], encoded(stage.claims(&json!({"sub": "idp|8"})).to_string()), parts[2])
    }),
    ("a signature that was cut", |stage| {
        let token = stage.token(&json!({}));
        token[..token.len() - 4].to_owned()
    }),
    ("a signature of nothing", |stage| format!("{}.", stage.token(&json!({})).rsplit_once('.').unwrap().0)),
    ("a fourth part", |stage| format!("{}.AA", stage.token(&json!({})))),
];

/// What is wrong with its claims, though its issuer signed them.
fn refused_claims(stage: &Stage) -> Vec<(&'static str, Value)> {
    let now = stage.now();
    vec![
        ("no audience", json!({"aud": null})),
        ("another audience", json!({"aud": "https://other.example/mcp"})),
        ("an audience that begins like ours", json!({"aud": format!("{PUBLIC}.evil.example/mcp")})),
        ("an audience below ours", json!({"aud": format!("{PUBLIC}/mcp/other")})),
        ("audiences of others", json!({"aud": ["https://other.example", "https://third.example"]})),
        ("an audience that is no text", json!({"aud": 7})),
        ("an audience among what is no text", json!({"aud": [format!("{PUBLIC}/mcp"), 7]})),
        ("another issuer", json!({"iss": "https://evil.example"})),
        ("an issuer written in another way", json!({"iss": format!("{ISSUER}/")})),
        ("no issuer", json!({"iss": null})),
        ("an end that is now", json!({"exp": now})),
        ("an end a second ago", json!({"exp": now - 1})),
        ("no end", json!({"exp": null})),
        ("an end in words", json!({"exp": (now + 600).to_string()})),
        ("an end that is no instant", json!({"exp": 1e300})),
        ("a beginning that lies ahead", json!({"nbf": now + 31})),
        ("a beginning in words", json!({"nbf": "0"})),
        ("an issue that lies ahead", json!({"iat": now + 31})),
        ("a binding to a key of its client", json!({"cnf": {"jkt": "abc"}})),
        ("no user", json!({"email": null})),
        ("a user that is no text", json!({"email": ["amira@example.com"]})),
        ("a mail address that was not verified", json!({"email_verified": false})),
        ("no subject", json!({"sub": null})),
        ("an empty subject", json!({"sub": ""})),
        ("a customer that is not set", json!({"org": "nobody"})),
        ("no customer", json!({"org": null})),
        ("scopes that are none", json!({"scope": 7})),
    ]
}

/// A server with a member's file, that takes tokens signed by RSA alone.
async fn by_rsa() -> Stage {
    Stage::of(Pair::rsa(), Set { algorithms: vec![Algorithm::Rs256], ..Set::default() }).await
}

#[tokio::test]
async fn a_token_in_which_one_thing_is_wrong_opens_nothing_at_either_door() {
    let stage = by_rsa().await;
    stage.files(&stage.token(&json!({}))).await.expect(200);
    let claims = refused_claims(&stage);
    let rows: Vec<(&str, String)> = FORGED
        .iter()
        .map(|(name, make)| (*name, make(&stage)))
        .chain(claims.into_iter().map(|(name, change)| (name, of_claims(change)(&stage))))
        .chain([
            ("a subject that stands twice", with_text(&stage, r#""sub":"idp|7""#)),
            ("an audience that stands twice", with_text(&stage, r#""aud":"https://other.example""#)),
            ("an end that stands twice", with_text(&stage, r#""exp":9999999999"#)),
        ])
        .collect();
    assert!(rows.len() > 45, "{}", rows.len());
    let mut told = Vec::new();
    for (name, token) in rows {
        let answer = stage.files(&token).await;
        assert_eq!(answer.status, 401, "{name}: {answer:?}");
        let challenge = format!(r#"Bearer error="invalid_token", resource_metadata="{METADATA}", scope="files:read""#);
        assert_eq!(answer.header("www-authenticate"), challenge, "{name}");
        told.push(answer.comparable(""));
        let answer = stage.rpc(&token, "tools/list", json!({})).await;
        assert_eq!((answer.status, answer.header("www-authenticate")), (401, challenge.as_str()), "{name}: {answer:?}");
    }
    told.dedup();
    assert_eq!(told.len(), 1, "nothing tells what is wrong");
    // Nothing but its keys was asked of the issuer, once and once more for a name it might have come to have.
    assert!(stage.keys.asked().len() <= 2, "{:?}", stage.keys.asked());
    assert!(stage.calls(&stage.acme).await.len() == 1 && stage.calls(&stage.borealis).await.is_empty());
}

#[tokio::test]
async fn a_token_may_be_written_in_every_way_that_means_the_same() {
    let stage = by_rsa().await;
    let now = stage.now();
    for (name, change) in [
        ("the server's own name", json!({"aud": PUBLIC})),
        ("the server's own name with its slash", json!({"aud": format!("{PUBLIC}/")})),
        ("a name that the operator gave it", json!({"aud": "satchel"})),
        ("ours among other audiences", json!({"aud": ["https://other.example", format!("{PUBLIC}/mcp")]})),
        ("an end with a fraction", json!({"exp": 0.5 + f64::from(u32::try_from(now + 1).unwrap())})),
        ("a clock that is a little ahead", json!({"iat": now + 30, "nbf": now + 30})),
        ("no time but its end", json!({"iat": null})),
        ("scopes as a list", json!({"scope": ["files:read", "openid"]})),
        ("a mail address that was verified", json!({"email_verified": true})),
        ("a mail address in capitals", json!({"email": "AMIRA@EXAMPLE.COM"})),
        ("no session", json!({"sid": null})),
    ] {
        let answer = stage.files(&stage.token(&change)).await;
        assert_eq!(answer.status, 200, "{name}: {answer:?}");
    }
    for header in [
        json!({"alg": "RS256"}),
        json!({"alg": "RS256", "kid": "k1", "typ": "JWT"}),
        json!({"alg": "RS256", "kid": "k1", "typ": "application/at+jwt"}),
        json!({"alg": "RS256", "kid": "k1", "typ": "AT+JWT", "x5t": "abc"}),
    ] {
        stage.files(&of_header(&stage, &header)).await.expect(200);
    }
}

#[tokio::test]
async fn a_token_ends_with_the_second_it_names() {
    let stage = by_rsa().await;
    let token = stage.token(&json!({"exp": stage.now() + 60}));
    stage.world.clock.advance_seconds(59);
    stage.files(&token).await.expect(200);
    stage.world.clock.advance_seconds(1);
    stage.files(&token).await.expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn each_kind_of_key_signs_and_an_issuer_may_be_held_to_tokens_that_say_what_they_are() {
    for pair in [Pair::rsa(), Pair::p256(), Pair::ed25519()] {
        let stage = Stage::of(pair, Set { access_tokens_only: true, ..Set::default() }).await;
        stage.files(&stage.token(&json!({}))).await.expect(200);
        let claims = stage.claims(&json!({})).to_string();
        for kind in [json!("JWT"), Value::Null] {
            let mut header = json!({"alg": stage.pair.algorithm(), "kid": "k1", "typ": kind});
            if kind.is_null() {
                header.as_object_mut().unwrap().remove("typ");
            }
            stage.files(&stage.pair.token_of(&header.to_string(), &claims)).await.expect(401);
        }
    }
    let stage = Stage::of(Pair::rsa(), Set::default()).await;
    stage.files(&of_header(&stage, &json!({"alg": "PS256", "kid": "k1"}))).await.expect(200);
}

#[tokio::test]
async fn our_own_credentials_are_revoked_at_once_beside_the_tokens() {
    let stage = by_rsa().await;
    let call = stage.world.call(&stage.acme.tenant, &stage.acme.user).await;
    stage.files(&call.token).await.expect(200);
    stage.world.delete(&format!("/v1/calls/{}", call.id), &stage.acme.tenant.key).await.expect(204);
    stage.files(&call.token).await.expect(401);
    let made = stage.world.post("/v1/keys", &stage.acme.tenant.key, &json!({"label": "b"})).await.expect(201);
    stage.files(&made.text("/api_key")).await.expect(200);
    stage.world.delete(&format!("/v1/keys/{}", made.text("/id")), &stage.acme.tenant.key).await.expect(204);
    stage.files(&made.text("/api_key")).await.expect(401);
    // The key under which tokens act takes them with it.
    let token = stage.token(&json!({}));
    stage.files(&token).await.expect(200);
    stage.world.delete(&format!("/v1/keys/{}", stage.acme.key), &stage.acme.tenant.key).await.expect(204);
    stage.files(&token).await.expect_problem(401, "unauthenticated");
    stage.files(&stage.token(&json!({"org": "borealis"}))).await.expect(200);
}
