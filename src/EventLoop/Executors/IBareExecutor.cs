namespace EventLoop.Executors;

/// <summary>An executor that needs the caller's own delegate, unwrapped: it identifies the delegate by name elsewhere, where no closure and no context of the
/// caller can exist.</summary>
internal interface IBareExecutor : IExecutor
{
    Task SubmitAsync(Action work, CancellationToken cancellationToken);
}
