"use strict";
{
  const root = document.getElementById("api-docs");
  /** The admin's session may be tried as well; Django takes the token from a cookie of this site. */
  const csrfToken = () => {
    const cookies = document.cookie.split("; ").map((pair) => pair.split("="));
    return cookies.find(([name]) => name === root.dataset.csrfCookie)?.[1];
  };
  SwaggerUIBundle({
    domNode: root,
    url: root.dataset.schema,
    deepLinking: true,
    defaultModelsExpandDepth: 0,
    presets: [SwaggerUIBundle.presets.apis],
    layout: "BaseLayout",
    // Nothing is asked of other hosts.
    validatorUrl: null,
    persistAuthorization: false,
    requestInterceptor: (request) => {
      const token = csrfToken();
      if (token && !["GET", "HEAD", undefined].includes(request.method)) {
        request.headers["X-CSRFToken"] = token;
      }
      return request;
    },
  });
}
