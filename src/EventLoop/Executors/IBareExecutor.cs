namespace EventLoop.Executors;

/// <summary>An executor that wants the caller's own delegate, with nothing wrapped around it: it finds it by name
/// elsewhere, where no closure and no context of the caller's can be.</summary>
internal interface IBareExecutor : IExecutor
{
    Task SubmitAsync(Action work, CancellationToken cancellationToken);
}
