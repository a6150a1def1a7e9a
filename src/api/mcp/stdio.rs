//! MCP over standard input and output, for an agent that starts Satchel as a child process.

use std::sync::Arc;

use rmcp::service::{RoleServer, ServerInitializeError, serve_server_with_ct};
use rmcp::transport::IntoTransport;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;

use super::toolbox::Toolbox;
use crate::files::Files;
use crate::tools::Registry;

/// Why the connection did not end as it should. The client's messages are not told: they may hold
/// what a caller said.
#[derive(Debug, thiserror::Error)]
pub enum StdioError {
    /// The first message was none that opens a connection.
    #[error("the client did not begin as MCP wants it")]
    Handshake,
    /// The connection broke while it was answered.
    #[error("the connection broke")]
    Broken,
}

/// Serves one call, known by its token, on this process's standard input and output until the input
/// ends or `stop`. Nothing else may write to standard output meanwhile: logs go to standard error.
///
/// # Errors
/// When the client does not begin with a message of MCP, or the connection breaks.
pub async fn stdio(files: Files, tools: Arc<Registry>, token: &str, stop: CancellationToken) -> Result<(), StdioError> {
    over(rmcp::transport::stdio(), files, tools, token, stop).await
}

/// The same over any pair of reader and writer, one message a line.
///
/// # Errors
/// As [`stdio`].
pub async fn over<R, W>(pipes: (R, W), files: Files, tools: Arc<Registry>, token: &str, stop: CancellationToken) -> Result<(), StdioError>
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let toolbox = Toolbox::for_token(files, tools, token);
    let transport = IntoTransport::<RoleServer, _, _>::into_transport(pipes);
    // Boxed, as it holds the state of every tool.
    match Box::pin(serve_server_with_ct(toolbox, transport, stop)).await {
        Ok(running) => running.waiting().await.map(drop).map_err(|_| StdioError::Broken),
        // Whoever hangs up before the first word has not failed.
        Err(ServerInitializeError::ConnectionClosed(_) | ServerInitializeError::Cancelled) => Ok(()),
        Err(_) => Err(StdioError::Handshake),
    }
}
