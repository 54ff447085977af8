namespace EventLoop;

/// <summary>A scope, as a person wants to see it at a breakpoint.</summary>
internal sealed class CancelScopeDebugView(CancelScope scope)
{
    public bool CancelCalled => scope.CancelCalled;

    public bool CanceledCaught => scope.CanceledCaught;

    public bool Shield => scope.Shield;

    /// <summary>The deadline in loop time.</summary>
    public TimeSpan? Deadline => scope.Deadline;

    public string? Reason => scope.Inner.Reason;

    /// <summary>The task that opened it.</summary>
    public LoopTask? Host => scope.Inner.Host;

    /// <summary>The scopes around it, innermost first.</summary>
    public string[] Around
    {
        get
        {
            var around = new List<string>();
            for (var outer = scope.Inner.Parent; outer is not null; outer = outer.Parent)
            {
                string state = $"{(outer.Cancelled ? ", cancelled" : "")}{(outer.Shield ? ", shield" : "")}";
                around.Add($"{outer.Kind}{(outer.Name is { } name ? $" '{name}'" : "")}{state}");
            }

            return [.. around];
        }
    }
}
