namespace EventLoop.Reporting;

/// <summary>Marks a type whose async methods only call those of others, as lambdas and tests are called: stacks of tasks leave them out.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct, Inherited = false)]
internal sealed class PlumbingAttribute : Attribute
{
    /// <param name="stateMachine">That of an async method; it is nested in the type of the method.</param>
    internal static bool Marks(Type stateMachine)
    {
        for (var type = stateMachine; type is not null; type = type.DeclaringType)
        {
            if (type.IsDefined(typeof(PlumbingAttribute), inherit: false))
            {
                return true;
            }
        }

        return false;
    }
}
