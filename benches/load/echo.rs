//! The reference of the tool calls: the least that a server of this kind can do. It reads the JSON
//! of the request and writes JSON of the size of a tool's answer.

use std::process::Stdio;

use axum::body::Bytes;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

use crate::Failure;

/// Serves until it is killed; prints its address first.
pub async fn serve() -> Result<(), Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    let router = Router::new().route("/v1/echo/{size}", post(echo));
    Ok(axum::serve(axum::serve::ListenerExt::tap_io(listener, |socket| drop(socket.set_nodelay(true))), router).await?)
}

async fn echo(Path(size): Path<usize>, body: Bytes) -> Result<Json<Value>, StatusCode> {
    let asked: Value = serde_json::from_slice(&body).map_err(|_| StatusCode::BAD_REQUEST)?;
    Ok(Json(json!({ "asked": asked, "say": "x".repeat(size.min(100_000)) })))
}

/// The reference, in a process of its own; ends when this is dropped.
pub struct Echo {
    pub host: String,
    _process: Child,
}

impl Echo {
    pub async fn start() -> Result<Self, Failure> {
        let mut process =
            Command::new(std::env::current_exe()?).arg("echo").stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let out = process.stdout.take().ok_or("the reference has no output")?;
        let host = BufReader::new(out).lines().next_line().await?.ok_or("the reference did not start")?;
        Ok(Self { host, _process: process })
    }
}
