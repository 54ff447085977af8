using Microsoft.AspNetCore.Builder;

namespace EventLoop.AspNetCore.Results;

internal static class StayingEndpoints
{
    internal static void WrapAll(IApplicationBuilder app) => _ = app;
}
